"""Which Prefect work pool is a service meant to serve? Read from its deployed spec, never guessed.

Our own image takes everything from its environment. Services deployed by other means often say
it on a command line, `prefect worker start --pool …`, at times inside `sh -c "…"`: those words
are taken apart here and never handed to a shell (prefect-contract 4.1).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from spcs_worker_tui.domain.fleet import ContainerSpec, DeployedSpec, PrefectBinding
from spcs_worker_tui.domain.prefect import WorkPoolKey

API_URL = "PREFECT_API_URL"
POOL_NAMES = ("PREFECT_WORK_POOL", "PREFECT_WORKER_POOL_NAME")
"""The second is the older name of the first."""
WORKER_NAME = "PREFECT_WORKER_NAME"
HEARTBEAT_SECONDS = "PREFECT_WORKER_HEARTBEAT_SECONDS"
WORK_QUEUES = "PREFECT_WORK_QUEUES"

_OPTIONS = {
    "-p": "pool",
    "--pool": "pool",
    "-n": "name",
    "--name": "name",
    "-q": "work-queue",
    "--work-queue": "work-queue",
}
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_END_OF_COMMAND = frozenset({";", "&", "&&", "|", "||", ";;", "(", ")"})
_ASSIGNMENT = re.compile(r"(PREFECT_[A-Z0-9_]+)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\})")
_WORKER_IMAGE = re.compile(r"(prefect|spcs)[-_.]?worker", re.IGNORECASE)


def api_base(url: str) -> str:
    """The form in which API URLs are compared: no surrounding space, no trailing slash."""
    return url.strip().rstrip("/")


def bind(spec: DeployedSpec) -> PrefectBinding | None:
    """What the spec says of its Prefect worker, or None when no container holds one.

    A container is a worker when its environment names a work pool or another setting of a
    worker, when it starts `prefect worker start`, or when its image is called a Prefect worker.
    PREFECT_API_URL alone makes none: flow runs and servers carry it, too. Where several
    containers are workers, the first that says everything is taken.
    """
    bindings = [found for c in spec.containers if (found := _bind_container(c)) is not None]
    chosen = next((found for found in bindings if found.is_complete), next(iter(bindings), None))
    return replace(chosen, said_by=spec.said_by) if chosen and spec.said_by else chosen


def _bind_container(container: ContainerSpec) -> PrefectBinding | None:
    words = _words(container)
    started = _worker_start(words)
    if started is None and not _is_called_worker(container):
        return None
    options = started or _StartOptions()
    env = {**_assignments(words), **container.env}
    pool = next((env[name].strip() for name in POOL_NAMES if env.get(name, "").strip()), "")
    queues = [queue.strip() for queue in env.get(WORK_QUEUES, "").split(",") if queue.strip()]
    return PrefectBinding(
        pool=WorkPoolKey(api_base(env.get(API_URL, "")), pool or options.pool),
        container=container.name,
        worker_name=env.get(WORKER_NAME, "").strip() or options.name or None,
        heartbeat_interval_seconds=_positive(env.get(HEARTBEAT_SECONDS, "")),
        work_queues=tuple(queues or options.work_queues),
        secret_env=tuple(n for n in container.secret_env if n == API_URL or n in POOL_NAMES),
    )


def _is_called_worker(container: ContainerSpec) -> bool:
    """Whether the image's own name or the names of its variables say that it is a worker."""
    names = [*container.env, *container.secret_env]
    if any(name in POOL_NAMES or name.startswith("PREFECT_WORKER_") for name in names):
        return True
    return bool(_WORKER_IMAGE.search(container.image.rpartition("/")[2]))


@dataclass(slots=True)
class _StartOptions:
    """What follows `prefect worker start`."""

    pool: str = ""
    name: str = ""
    work_queues: list[str] = field(default_factory=list)


def _worker_start(words: Sequence[str]) -> _StartOptions | None:
    for index, word in enumerate(words):
        if word.rpartition("/")[2] != "prefect":
            continue
        rest = _until_end(words[index + 1 :])
        for at in range(len(rest) - 1):
            if rest[at : at + 2] == ["worker", "start"]:
                return _start_options(rest[at + 2 :])
    return None


def _until_end(words: Sequence[str]) -> list[str]:
    """The words of one command, up to the shell's next separator."""
    end = next((i for i, word in enumerate(words) if word in _END_OF_COMMAND), len(words))
    return list(words[:end])


def _start_options(words: Sequence[str]) -> _StartOptions:
    options = _StartOptions()
    remaining = iter(words)
    for word in remaining:
        flag, has_value, value = word.partition("=")
        if not word.startswith("--") and word[:2] in _OPTIONS and len(word) > len("-p"):
            flag, has_value, value = word[:2], "=", word[2:].removeprefix("=")
        if flag not in _OPTIONS:
            continue
        if not has_value:
            value = next(remaining, "")
        if "$" in value:
            continue  # a variable that the spec does not give: better unknown than wrong
        match _OPTIONS[flag]:
            case "pool":
                options.pool = value
            case "name":
                options.name = value
            case _:
                options.work_queues.append(value)
    return options


def _words(container: ContainerSpec) -> list[str]:
    """Command and args as one list of words, scripts of `sh -c` taken apart."""
    words = [*container.command, *container.args]
    taken: list[str] = []
    for index, word in enumerate(words):
        if _is_script(words, index):
            taken.extend(_expanded(_script_words(word), container.env))
        else:
            taken.append(word)
    return taken


def _is_script(words: Sequence[str], index: int) -> bool:
    """Whether this word is the script of a shell's `-c` (also `-lc`, `-ec`)."""
    if index == 0:
        return False
    flag = words[index - 1]
    is_flag = flag.startswith("-") and not flag.startswith("--") and flag.endswith("c")
    return is_flag and any(word.rpartition("/")[2] in _SHELLS for word in words[: index - 1])


def _script_words(script: str) -> list[str]:
    one_line = script.replace("\\\n", " ").replace("\n", " ; ")
    lexer = shlex.shlex(one_line, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # an unbalanced quote: the plain words still tell most
        return script.split()


def _expanded(words: Sequence[str], env: Mapping[str, str]) -> Iterator[str]:
    def value(match: re.Match[str]) -> str:
        known = env.get(match[1] or match[2])
        return known or match[3] or match[0]

    return (_VARIABLE.sub(value, word) for word in words)


def _assignments(words: Sequence[str]) -> dict[str, str]:
    """`PREFECT_X=value` words, as before a command or after `export` and `env`."""
    found = (match for word in words if (match := _ASSIGNMENT.fullmatch(word)))
    return {match[1]: match[2] for match in found if "$" not in match[2]}


def _positive(text: str) -> int | None:
    """A whole number of at least 1, as Prefect truncates it; None for anything else."""
    try:
        number = int(float(text))
    except (ValueError, OverflowError):
        return None
    return number if number >= 1 else None
