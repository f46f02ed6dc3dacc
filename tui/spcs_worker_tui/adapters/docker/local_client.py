"""What a trial needs of the Docker SDK; imported when first needed, in a thread.

Secrets reach the container on its standard input: what is given as an environment variable stands
in `docker inspect`, for everybody who may use the engine. A shell in the container reads them,
exports them and becomes the image's own program; nothing is written to a disk on the way.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import docker
from spcs_worker_tui.adapters.docker.client import BROKEN, opened
from spcs_worker_tui.adapters.docker.refusals import went_away
from spcs_worker_tui.domain.errors import EngineError
from spcs_worker_tui.domain.local import (
    STOP_SECONDS,
    HttpProbe,
    LocalContainer,
    LocalState,
    ProbeAnswer,
)
from spcs_worker_tui.domain.text import one_line, printable

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.docker.threads import Stop
    from spcs_worker_tui.domain.keys import Secret

LABEL = "spcs-worker-tui.local"
"""On every container of a trial; without it a container is not ours to remove."""

_READ_SECRETS = 'eval "$(cat)" && exec "$@" </dev/null'
_NANO = 10**9
_SMALLEST_MEMORY = 6 * 1024 * 1024
"""Docker takes no lower limit."""
_CANNOT_RUN = (126, 127)
"""What an exec ends with where there is no such program."""
_PROBE = """\
import http.client, socket, sys
host = "127.0.0.1" if sys.argv[1] == "host" else socket.gethostbyname(socket.gethostname())
connection = http.client.HTTPConnection(host, int(sys.argv[2]), timeout=4)
try:
    connection.request("GET", sys.argv[3])
    answer = connection.getresponse()
    print(answer.status, answer.read(300).decode("utf-8", "replace"))
except OSError as error:
    print(0, error)
"""


class LocalClient:
    """One connection to an engine.

    Args:
        api: The SDK's low-level client.
    """

    def __init__(self, api: docker.APIClient) -> None:
        self._api = api

    def state(self, name: str) -> LocalState | None:
        """The container of that name, or None; see the port."""
        row = self._inspect(name)
        if row is None:
            return None
        state = row["State"]
        return LocalState(
            image=str(row.get("Image", "")),
            is_running=bool(state.get("Running")),
            exit_code=int(state.get("ExitCode") or 0),
            oom_killed=bool(state.get("OOMKilled")),
        )

    def start(self, container: LocalContainer) -> None:
        """Create it and start it; see the port."""
        self._remove(container.name)
        with _said(f"{container.image} does not start"):
            made = self._api.create_container_from_config(  # type: ignore[no-untyped-call]
                self._config(container), container.name, "linux/amd64"
            )
        try:
            with _said(f"{container.image} does not start"):
                self._begin(made["Id"], container.secrets)
        except BaseException:
            self._remove(container.name)
            raise

    def _begin(self, identifier: str, secrets: Mapping[str, Secret]) -> None:
        if not secrets:
            self._api.start(identifier)
            return
        attached = self._api.attach_socket(identifier, params={"stdin": 1, "stream": 1})
        # A plain socket is wrapped, one with TLS is not.
        channel = getattr(attached, "_sock", attached)
        try:
            self._api.start(identifier)
            channel.sendall(_exports(secrets))
        finally:
            channel.close()
            attached.close()

    def _config(self, container: LocalContainer) -> dict[str, Any]:
        image = cast("dict[str, Any]", self._api.inspect_image(container.image))  # type: ignore[no-untyped-call]
        own = image.get("Config") or {}
        command = [*(container.command or own.get("Entrypoint") or ())]
        if container.arguments or not container.command:
            command += container.arguments or own.get("Cmd") or ()
        host: dict[str, Any] = {"SecurityOpt": ["no-new-privileges"]}
        if container.memory_bytes is not None:
            # The same for both: no swap, as on Snowflake's nodes.
            limit = max(container.memory_bytes, _SMALLEST_MEMORY)
            host |= {"Memory": limit, "MemorySwap": limit}
        if container.cpus is not None:
            there_are = int(self._api.info().get("NCPU") or 1)
            host["NanoCpus"] = int(_NANO * min(container.cpus, there_are))
        if container.network:
            host["NetworkMode"] = container.network
        config: dict[str, Any] = {
            "Image": container.image,
            "Hostname": container.hostname,
            "Env": [f"{name}={value}" for name, value in container.variables.items()],
            "Labels": {LABEL: container.name},
            # Snowflake knows nothing of an image's HEALTHCHECK.
            "Healthcheck": {"Test": ["NONE"]},
            "HostConfig": host,
            "Entrypoint": command[:1],
            "Cmd": command[1:],
        }
        if container.secrets:
            config |= {"OpenStdin": True, "StdinOnce": True, "AttachStdin": True}
            config["Entrypoint"] = ["/bin/sh", "-c", _READ_SECRETS, "sh"]
            config["Cmd"] = command
        return config

    def probe(self, name: str, probe: HttpProbe) -> ProbeAnswer:
        """Ask once, from within the container; see the port."""
        with _said("the container does not answer"):
            network = (self._inspect(name) or {}).get("HostConfig", {}).get("NetworkMode", "")
            command = ["python", "-I", "-S", "-c", _PROBE, network, str(probe.port), probe.path]
            exec_id = self._api.exec_create(name, command)["Id"]
            output = self._api.exec_start(exec_id).decode("utf-8", "replace")
            code = self._api.exec_inspect(exec_id)["ExitCode"]
        if code in _CANNOT_RUN:
            raise EngineError(
                "the image has no python to ask the readiness probe with",
                next_step="Use a worker's image, or leave out readinessProbe for the trial.",
            )
        status, _, text = output.partition(" ")
        if status == "0" or code != 0:
            return ProbeAnswer(is_ready=False, detail=one_line(f"no answer yet: {text}", 200))
        return ProbeAnswer(status == "200", one_line(f"{status} {text}", 200))

    def log(
        self, name: str, say: Callable[[str], None], stop: Stop, follow: bool, last: int
    ) -> None:
        """Say its last lines; see the port."""
        rest = ""
        with _said("its log cannot be read"):
            chunks = self._api.logs(name, stream=True, follow=follow, tail=last)
            stop.cuts_by(chunks.close)
            for chunk in chunks:
                stop.check()
                *lines, rest = (rest + chunk.decode("utf-8", "replace")).split("\n")
                for line in lines:
                    say(printable(line))
        if rest:
            say(printable(rest))

    def stop(self, name: str) -> int | None:
        """End it and remove it; see the port."""
        if self._inspect(name) is None:
            return None
        with _said("the container does not stop"):
            self._api.stop(name, timeout=STOP_SECONDS)
        ended = self.state(name)
        self._remove(name)
        return ended.exit_code if ended is not None else None

    def _inspect(self, name: str) -> dict[str, Any] | None:
        with _said(f"the container {name} cannot be seen"):
            try:
                row = cast("dict[str, Any]", self._api.inspect_container(name))
            except docker.errors.NotFound:
                return None
        if LABEL not in (row.get("Config", {}).get("Labels") or {}):
            raise EngineError(
                f"there is a container {name} that is not a trial of this program",
                next_step=f"Look at it with `docker inspect {name}`, and rename or remove it.",
            )
        return row

    def _remove(self, name: str) -> None:
        if self._inspect(name) is None:
            return
        with _said(f"the container {name} cannot be removed"):
            try:
                self._api.remove_container(name, force=True)
            except docker.errors.NotFound:
                return


@contextmanager
def connected(answer_seconds: int) -> Iterator[LocalClient]:
    """A client of the engine that `docker` itself would use; raises as `client.opened`."""
    with opened(answer_seconds) as (api, _):
        yield LocalClient(api)


def _exports(secrets: Mapping[str, Secret]) -> bytes:
    """Lines for a POSIX shell, whatever the values hold."""
    lines = [f"export {name}={shlex.quote(secret.reveal())}\n" for name, secret in secrets.items()]
    return "".join(lines).encode()


@contextmanager
def _said(what: str) -> Iterator[None]:
    """What the SDK raises, as one sentence."""
    try:
        yield
    except docker.errors.APIError as error:
        why = one_line(str(error.explanation or error), 300)
        raise EngineError(
            f"{what}: {why}", next_step="Correct that, and run the same command again."
        ) from error
    except BROKEN as error:
        raise went_away("it was asked about a container") from error
