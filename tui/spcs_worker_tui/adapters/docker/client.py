"""All that touches the Docker SDK; imported when first needed, in a thread."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import requests
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.context import ContextAPI
from docker.types import CancellableStream
from docker.utils import kwargs_from_env
from docker.utils.build import tar
from urllib3.exceptions import HTTPError as TransportError

import docker
from spcs_worker_tui.adapters.docker.reading import BuildReading, PushReading
from spcs_worker_tui.adapters.docker.refusals import (
    build_failed,
    push_failed,
    unreachable,
    went_away,
)
from spcs_worker_tui.domain.building import (
    PLATFORM,
    SESSION_USER,
    BuildRequest,
    LocalImage,
    Progress,
    Report,
)
from spcs_worker_tui.domain.errors import (
    BuildFailedError,
    ConfigurationError,
    EngineError,
    RegistryError,
)
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.docker.threads import Stop
    from spcs_worker_tui.domain.keys import Secret

BROKEN = (requests.exceptions.RequestException, TransportError, OSError, ValueError)
"""What reading from an engine that goes away may raise; the SDK lets its libraries' errors out."""
_REPORTED_EVERY = 4 << 20


class Client:
    """One connection to an engine.

    Args:
        api: The SDK's low-level client.
        host: The engine's address, for sentences.
        silence_seconds: How long a build or a push may say nothing.
    """

    def __init__(self, api: docker.APIClient, host: str, silence_seconds: int) -> None:
        self._api = api
        self._host = host
        self._silence_seconds = silence_seconds

    def image(self, name: str) -> LocalImage | None:
        """The image of that name or id, or None."""
        try:
            row = self._api.inspect_image(name)  # type: ignore[no-untyped-call]
        except docker.errors.NotFound:
            return None
        except docker.errors.APIError as error:
            raise EngineError(
                f"the Docker engine does not show {one_line(name, 120)}: {_said(error)}",
                next_step="Correct image in the settings, or the name that you gave.",
            ) from error
        except BROKEN as error:
            raise unreachable(self._host, _innermost(error), str(error)) from error
        if not isinstance(row, dict) or not row.get("Id"):
            raise unreachable(self._host, None, "it does not answer as an engine does")
        return LocalImage(
            id=str(row["Id"]),
            os=str(row.get("Os", "")),
            architecture=str(row.get("Architecture", "")),
            pushed=tuple(str(digest) for digest in row.get("RepoDigests") or ()),
            size=int(row.get("Size") or 0),
        )

    def build(self, request: BuildRequest, report: Report, stop: Stop) -> LocalImage:
        """Build it; see the port."""
        reading = BuildReading(report)
        self._stops_with(stop)
        with _context(request) as packed:
            body = _Watched(packed, stop, report)
            try:
                events = self._api.build(
                    fileobj=body,  # type: ignore[arg-type] # it needs `read` and a length, no more
                    custom_context=True,
                    dockerfile=_inside(request),
                    tag=request.name,
                    platform=PLATFORM,
                    buildargs=dict(request.arguments),
                    labels=dict(request.labels),
                    network_mode=request.network or None,
                    rm=True,
                    forcerm=True,
                    decode=True,
                    timeout=self._silence_seconds,
                )
                self._follow(events, reading.take, stop, lambda: _building(reading))
            except docker.errors.APIError as error:
                raise build_failed(_said(error), "", "", ()) from error
            except BROKEN as error:
                stop.check()
                raise went_away("the files were sent to it") from error
            except docker.errors.DockerException as error:  # what the SDK itself refuses
                raise build_failed(one_line(str(error), 300), "", "", ()) from error
        if not reading.image_id:
            raise went_away(_building(reading))
        # By its id, since somebody may build another one under that name meanwhile.
        image = self.image(reading.image_id)
        if image is None:
            raise BuildFailedError("the image that was built is not there any more")
        return image

    def push(self, image: str, reference: str, password: Secret, report: Report, stop: Stop) -> str:
        """Push it; see the port."""
        repository, _, tag = reference.rpartition(":")
        try:
            self._api.tag(image, repository, tag)
        except docker.errors.NotFound as error:
            raise RegistryError(
                f"the Docker engine has no image {one_line(image, 120)} to push",
                next_step="Build it first.",
            ) from error
        except docker.errors.APIError as error:
            raise EngineError(
                f"the image cannot be called {reference}: {_said(error)}",
                next_step="Correct image and tag in the settings, or what you gave instead.",
            ) from error
        except BROKEN as error:
            raise unreachable(self._host, _innermost(error), str(error)) from error
        reading = PushReading(report, reference)
        self._stops_with(stop)
        self._api.timeout = self._silence_seconds
        credentials = {"username": SESSION_USER, "password": password.reveal()}
        try:
            events = self._api.push(
                repository, tag, stream=True, decode=True, auth_config=credentials
            )
            self._follow(events, reading.take, stop, lambda: "it was pushing")
        except docker.errors.APIError as error:
            raise push_failed(_said(error), reference) from error
        except BROKEN as error:
            stop.check()
            raise went_away("it was asked to push") from error
        if not reading.digest:
            raise went_away("it was pushing")
        return reading.digest

    def _stops_with(self, stop: Stop) -> None:
        """The next answer is cut off when the call has to end; the engine stops working then."""

        def remember(response: requests.Response, **_: Any) -> None:
            stop.cuts_by(lambda: _cut(response))

        self._api.hooks["response"] = [remember]

    def _follow(
        self,
        events: Iterable[Mapping[str, Any]],
        take: Callable[[Mapping[str, Any]], None],
        stop: Stop,
        doing: Callable[[], str],
    ) -> None:
        """Read a stream to its end."""
        try:
            for event in events:
                stop.check()
                take(event)
        except docker.errors.APIError:
            raise
        except BROKEN as error:
            stop.check()
            raise went_away(doing()) from error
        finally:
            stop.cuts_by(None)
        stop.check()


@contextmanager
def connected(answer_seconds: int, silence_seconds: int) -> Iterator[Client]:
    """A client of the engine that `docker` itself would use; raises as `opened`."""
    with opened(answer_seconds) as (api, host):
        yield Client(api, host, silence_seconds)


@contextmanager
def opened(answer_seconds: int) -> Iterator[tuple[docker.APIClient, str]]:
    """The SDK's client of the engine that `docker` itself would use, and the engine's address.

    Raises:
        EngineUnreachableError: There is none, or it is not ours to use.
        ConfigurationError: What says where it is makes no sense.
    """
    host, options = _where()
    try:
        api = docker.APIClient(base_url=host, timeout=answer_seconds, version="auto", **options)
    except docker.errors.TLSParameterError as error:
        raise _bad_host(host, error) from error
    except docker.errors.DockerException as error:
        cause = _innermost(error)
        if cause is None and not isinstance(error.__context__, requests.RequestException):
            raise _bad_host(host, error) from error
        raise unreachable(host, cause, str(error)) from error
    except (requests.exceptions.InvalidURL, ValueError) as error:
        raise _bad_host(host, error) from error
    try:
        yield api, host
    finally:
        api.close()


def version_of(api: docker.APIClient, host: str) -> Mapping[str, Any]:
    """What the engine says of itself: `Version`, `Os`, `Arch` and more.

    Raises:
        EngineUnreachableError: It went away, or is none.
    """
    try:
        said = api.version()
    except BROKEN as error:
        raise unreachable(host, _innermost(error), str(error)) from error
    if not isinstance(said, dict):
        raise unreachable(host, None, "it does not answer as an engine does")
    return said


def _where() -> tuple[str, dict[str, Any]]:
    """The engine's address, and how to be let in (`docker context`)."""
    if os.environ.get("DOCKER_HOST"):
        options: dict[str, Any] = dict(kwargs_from_env())
        return str(options.pop("base_url")), options
    try:
        context = ContextAPI.get_current_context()
        host = context.Host if context is not None else None
        tls = context.TLSConfig if context is not None else None
    except (docker.errors.DockerException, OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"the current `docker context` cannot be read: {one_line(str(error), 200)}",
            next_step="Choose one with `docker context use`, or set DOCKER_HOST.",
        ) from error
    options = {} if tls is None else {"tls": tls}
    return str(host or DEFAULT_UNIX_SOCKET).replace("http+unix", "unix"), options


def _bad_host(host: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"{one_line(host, 120)!r} is no address of a Docker engine: {one_line(str(error), 200)}",
        next_step="Set DOCKER_HOST as in unix:///var/run/docker.sock or tcp://HOST:2376.",
    )


def _innermost(error: BaseException) -> OSError | None:
    """What the operating system said, however often it was wrapped."""
    found: OSError | None = None
    seen: set[int] = set()
    left: list[Any] = [error]
    while left:
        current = left.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, requests.Timeout):
            return TimeoutError()
        # Errors of requests are OSErrors, too, but nothing that the system has said.
        if isinstance(current, OSError) and not isinstance(current, requests.RequestException):
            found = current
        left += [current.__cause__, current.__context__, *current.args]
        left.append(getattr(current, "reason", None))
    return found


def _building(reading: BuildReading) -> str:
    return f"it was building, at {reading.where}" if reading.where else "it was building"


def _cut(response: requests.Response) -> None:
    try:
        CancellableStream(iter(()), response).close()
    except (OSError, AttributeError):
        return  # it has ended meanwhile, and taken its socket along


def _said(error: docker.errors.APIError) -> str:
    return one_line(str(error.explanation or error), 500)


def _inside(request: BuildRequest) -> str:
    return os.path.relpath(request.dockerfile, request.context)


@contextmanager
def _context(request: BuildRequest) -> Iterator[IO[bytes]]:
    """What is sent to the engine, packed.

    Raises:
        ConfigurationError: Dockerfile or folder are missing, or cannot be read.
    """
    folder, dockerfile = Path(request.context), Path(request.dockerfile)
    if not folder.is_dir():
        raise ConfigurationError(
            f"there is no folder {folder} to build", next_step="Correct context in the settings."
        )
    if not dockerfile.is_file():
        raise ConfigurationError(
            f"there is no Dockerfile at {dockerfile}",
            next_step="Correct dockerfile in the settings, or run it from the project's folder.",
        )
    if not dockerfile.resolve().is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"the Dockerfile {dockerfile} is not in the folder that is built, {folder}",
            next_step="Put it there, or name a wider context in the settings.",
        )
    try:
        patterns = _ignored(folder / ".dockerignore")
        dockerfile_inside = (_inside(request), None)
        packed = cast("IO[bytes]", tar(folder, exclude=patterns, dockerfile=dockerfile_inside))
    except (OSError, UnicodeDecodeError, tarfile.TarError) as error:
        raise ConfigurationError(
            f"the folder {folder} cannot be packed: {one_line(str(error), 200)}",
            next_step="Leave what cannot be read out with .dockerignore.",
        ) from error
    with packed:
        yield packed


def _ignored(path: Path) -> list[str] | None:
    if not path.exists():
        return None
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


class _Watched:
    """A file on its way to the engine: says how far it is, and stops when it has to."""

    def __init__(self, file: IO[bytes], stop: Stop, report: Report) -> None:
        self._file = file
        self._stop = stop
        self._report = report
        self._size = os.fstat(file.fileno()).st_size
        self._sent = self._told = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(1 << 16):
            yield chunk

    def read(self, size: int = -1) -> bytes:
        self._stop.check()
        chunk = self._file.read(size)
        self._sent += len(chunk)
        if self._sent - self._told >= _REPORTED_EVERY:
            self._told = self._sent
            self._report(Progress("sending", "build context", self._sent, self._size))
        return chunk
