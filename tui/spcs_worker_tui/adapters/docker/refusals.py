"""What an engine's complaints mean, and what to do about them.

The engine hands on the words of the kernel, of Go's libraries and of registries, without numbers:
there is nothing but the words to tell them apart by. What is not recognised is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from spcs_worker_tui.domain.building import PLATFORM
from spcs_worker_tui.domain.errors import BuildFailedError, EngineUnreachableError, RegistryError
from spcs_worker_tui.domain.text import one_line

_NO_SPACE = "no space left on device"
_FREE = "Free some (`docker system df`, `docker builder prune`, `docker image prune`), and go on."
_RETURNED = re.compile(r"The command '.*' returned a non-zero code: (\d+)", re.DOTALL)
_EMULATION = (
    f"This machine is not {PLATFORM}: install emulation, as with "
    "`docker run --privileged --rm tonistiigi/binfmt --install amd64`."
)
_OTHER_BASE = "Name one that the engine can pull, with --build-arg BASE_IMAGE=…"

_BUILD_CURES: Sequence[tuple[str, str]] = (
    ("exec format error", _EMULATION),
    (
        "does not match the specified platform",
        f"Pull or name a base image for {PLATFORM}, with --build-arg BASE_IMAGE=…",
    ),
    ("no match for platform", f"Name a base image that there is for {PLATFORM}."),
    ("pull access denied", f"{_OTHER_BASE}, or `docker login` first."),
    ("manifest unknown", f"{_OTHER_BASE}."),
    ("manifest for ", f"{_OTHER_BASE}."),
    ("toomanyrequests", f"Wait, `docker login` first, or name another: {_OTHER_BASE}."),
    ("x509", "Have the engine trust the authority that signed it, or name another base image."),
    ("dockerfile parse error", "Correct that line of the Dockerfile."),
    ("unknown instruction", "Correct that line of the Dockerfile."),
    ("COPY failed", "Put the file there, or look whether .dockerignore leaves it out."),
    ("ADD failed", "Put the file there, or look whether .dockerignore leaves it out."),
    (
        "requires BuildKit",
        "Write that line without it: the classic builder, which the Docker SDK uses, has no more.",
    ),
    ("network mode", "Leave out --network, or name one of `docker network ls`."),
)
_UNREACHABLE = (
    "connection refused", "no such host", "i/o timeout", "network is unreachable",
    "no route to host", "context deadline exceeded", "Client.Timeout", "connection reset",
    "server misbehaving", "EOF",
)  # fmt: skip
_TLS = ("x509", "tls:", "server gave HTTP response to HTTPS client", "certificate")
_SIGN_IN = ("unauthorized", "authentication required", "no basic auth credentials", "401")
_DENIED = ("denied", "not authorized", "403", "forbidden")


def build_failed(
    complaint: str, where: str, instruction: str, lines: Sequence[str]
) -> BuildFailedError:
    """The error that a build ends with.

    Args:
        complaint: The engine's.
        where: `step 3 of 12`, or empty.
        instruction: What that step was to do.
        lines: The last that it printed.
    """
    place = f"{where}, {one_line(instruction, 160)}" if where else "the Dockerfile"
    if _has("\n".join([complaint, *lines]), (_NO_SPACE,)):
        return BuildFailedError(
            f"the disk of the Docker engine is full, at {place}",
            next_step=_FREE,
        )
    returned = _RETURNED.search(complaint)
    why = f"it ended with exit code {returned[1]}" if returned else complaint
    last = f"; its last words: {one_line(lines[-1], 300)}" if lines else ""
    text = f"{place}, failed: {why}{last}" if where else f"it cannot be built: {why}"
    whole = " ".join([complaint, *lines])
    cure = next((step for words, step in _BUILD_CURES if words in whole), "")
    if not cure and instruction.upper().startswith("FROM "):
        cure = f"{_OTHER_BASE}."
    return BuildFailedError(
        text,
        next_step=cure
        or "Correct that, and run the same command again: the steps before it come from the cache.",
    )


def push_failed(complaint: str, reference: str) -> RegistryError:
    """The error that a push ends with.

    Args:
        complaint: The engine's, mostly the registry's own words.
        reference: What was to be pushed.
    """
    host, _, path = reference.partition("/")
    said = one_line(complaint, 300)
    if _has(complaint, (_NO_SPACE,)):
        return RegistryError(
            f"the push ran out of disk space: {said}",
            next_step="Free some where the Docker engine keeps its images, and push again.",
        )
    if _has(complaint, _TLS):
        return RegistryError(
            f"the Docker engine does not trust the registry {host}: {said}",
            next_step="Have it trust the authority that signed that certificate, or the one of "
            f"your proxy: /etc/docker/certs.d/{host}/ca.crt.",
        )
    if _has(complaint, _UNREACHABLE):
        return RegistryError(
            f"the Docker engine does not reach the registry {host}: {said}",
            next_step="Check the network and the proxy of the Docker engine; what was pushed stays "
            "there, so run the same command again.",
        )
    if _has(complaint, _SIGN_IN):
        return RegistryError(
            f"the registry {host} refused the sign-in: {said}",
            next_step="Run it again; if that does not help, look whether a network policy of the "
            "account keeps this machine out.",
        )
    if _has(complaint, _DENIED):
        repository = ".".join(path.split("/")[:3]).upper()
        return RegistryError(
            f"the registry {host} does not let this role push: {said}",
            next_step=f"Ask for: GRANT READ, WRITE ON IMAGE REPOSITORY {repository} TO ROLE …",
        )
    return RegistryError(
        f"the push to {host} failed: {said}",
        next_step="Run the same command again; layers that are there already are not sent again.",
    )


def _has(complaint: str, words: Sequence[str]) -> bool:
    folded = complaint.casefold()
    return any(word.casefold() in folded for word in words)


def unreachable(host: str, cause: BaseException | None, said: str) -> EngineUnreachableError:
    """The error where an engine does not answer.

    Args:
        host: Its address.
        cause: What the operating system said, the innermost of it, if anything.
        said: What the SDK made of it.
    """
    where = one_line(host, 120)
    match cause:
        case FileNotFoundError():
            return EngineUnreachableError(
                f"there is no Docker engine at {where}",
                next_step="Start Docker, install it, or say in DOCKER_HOST where it is.",
            )
        case PermissionError():
            return EngineUnreachableError(
                f"you may not use the Docker engine at {where}",
                next_step="Have yourself added to the group `docker` and log in again, or use an "
                "engine of your own with DOCKER_HOST.",
            )
        case ConnectionRefusedError():
            return EngineUnreachableError(
                f"the Docker engine at {where} does not run: it refuses connections",
                next_step="Start it, as with `systemctl start docker`, or say in DOCKER_HOST "
                "where it is.",
            )
        case TimeoutError():
            return EngineUnreachableError(
                f"the Docker engine at {where} does not answer",
                next_step="See whether `docker version` does; if not, restart the engine.",
            )
    return EngineUnreachableError(
        f"no answer from the Docker engine at {where}: {one_line(said, 200)}",
        next_step="See what `docker version` says, and whether DOCKER_HOST is right.",
    )


def went_away(doing: str) -> EngineUnreachableError:
    """The error where an engine stops in the middle of something.

    Args:
        doing: As in `it was building, at step 3 of 12`.
    """
    return EngineUnreachableError(
        f"the Docker engine went away while {doing}",
        next_step="Start it again, and run the same command: what was done is not done again.",
    )
