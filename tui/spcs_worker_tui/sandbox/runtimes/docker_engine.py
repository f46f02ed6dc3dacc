"""A Docker engine on this machine, asked over its socket."""

from __future__ import annotations

import base64
import json
import os
import platform
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

_DEFAULT: Final = "unix:///var/run/docker.sock"
_SCHEME: Final = "unix://"
_SECONDS: Final = 60.0
_PULL_SECONDS: Final = 600.0
"""Without a word of the engine."""
_NOT_MODIFIED: Final = 304
_NOT_FOUND: Final = 404


class EngineError(OSError):
    """The engine does not answer, or says no; the message is a sentence.

    Attributes:
        status: HTTP status of a refusal; 0 without an answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_gone(self) -> bool:
        """What was asked about does not exist."""
        return self.status == _NOT_FOUND


def engine_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the engine listens: `DOCKER_HOST`, or Docker's own default.

    Raises:
        EngineError: `DOCKER_HOST` names an engine on another machine or network.
    """
    host = environ.get("DOCKER_HOST") or _DEFAULT
    if not host.startswith(_SCHEME):
        raise EngineError(
            f"DOCKER_HOST is {host}, and the sandbox's containers need an engine of this machine: "
            "unset it or set it to unix://<path>"
        )
    return Path(host.removeprefix(_SCHEME))


class Engine:
    """The part of Docker's HTTP interface that containers need.

    Every method raises `EngineError`.
    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(socket), limits=httpx.Limits(max_connections=None)
            ),
            base_url="http://docker",
            timeout=_SECONDS,
        )

    async def info(self) -> dict[str, Any]:
        """What it says of itself, once it is known that its containers can reach the sandbox.

        They share the machine's loopback network only with an engine that runs on this very
        kernel and as root: not with one in a virtual machine, nor with a rootless one.
        """
        info: dict[str, Any] = await self._json("GET", "/info")
        rootless = any("name=rootless" in str(option) for option in info["SecurityOptions"] or ())
        if info.get("KernelVersion") != platform.release() or rootless:
            raise EngineError(
                "The Docker engine runs in a virtual machine or without root, where its "
                "containers cannot reach the sandbox on 127.0.0.1"
            )
        return info

    async def pull(self, reference: str, user: str, password: str) -> None:
        """Fetch an image."""
        credentials = json.dumps({"username": user, "password": password}).encode()
        headers = {"X-Registry-Auth": base64.urlsafe_b64encode(credentials).decode()}
        async with self._stream(
            "POST", "/images/create", {"fromImage": reference}, headers, _PULL_SECONDS
        ) as response:
            async for line in response.aiter_lines():
                if line.strip() and "error" in (said := json.loads(line)):
                    raise EngineError(str(said["error"]))

    async def has_image(self, reference: str) -> bool:
        """Whether the engine has it already."""
        try:
            await self._json("GET", f"/images/{reference}/json")
        except EngineError as error:
            if error.is_gone:
                return False
            raise
        return True

    async def remove_image(self, reference: str) -> None:
        """Forget the name, and with its last name the image."""
        await self._call("DELETE", f"/images/{reference}")

    async def create(self, name: str, config: Mapping[str, Any]) -> str:
        """Make a container and return its id."""
        body = await self._json("POST", "/containers/create", {"name": name}, config)
        return str(body["Id"])

    async def start(self, container: str) -> None:
        """Start it."""
        await self._call("POST", f"/containers/{container}/start")

    async def kill(self, container: str, signal: str) -> None:
        """Send a signal to its main process."""
        await self._call("POST", f"/containers/{container}/kill", {"signal": signal})

    async def wait(self, container: str) -> dict[str, Any]:
        """Return its `State` once it does not run any more."""
        path = f"/containers/{container}/wait"
        async with self._stream("POST", path, {}, {}, None) as response:
            await response.aread()
        inspected = await self._json("GET", f"/containers/{container}/json")
        state: dict[str, Any] = inspected["State"]
        return state

    async def logs(self, container: str, *, follow: bool, since: str = "0") -> AsyncIterator[bytes]:
        """What it wrote, in frames with timestamps.

        Args:
            container: Its id.
            follow: Go on until it has ended. What it writes in its last moment may be missing:
                an unfinished line always is.
            since: Seconds since 1970 with a fraction, of the first frame.
        """
        options = {"stdout": "1", "stderr": "1", "timestamps": "1", "since": since}
        options["follow"] = "1" if follow else "0"
        path = f"/containers/{container}/logs"
        async with self._stream("GET", path, options, {}, None) as response:
            async for chunk in response.aiter_bytes():
                yield chunk

    async def remove(self, container: str) -> None:
        """Remove it, running or not, with its anonymous volumes."""
        await self._call("DELETE", f"/containers/{container}", {"force": "1", "v": "1"})

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _json(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        return json.loads(await self._call(method, path, query, body))

    async def _call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None
    ) -> bytes:
        try:
            response = await self._http.request(method, path, params=query, json=body)
        except httpx.HTTPError as error:
            raise self._silent(error) from None
        _refuse(response)
        return response.content

    @asynccontextmanager
    async def _stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        silence: float | None,
    ) -> AsyncIterator[httpx.Response]:
        timeout = httpx.Timeout(_SECONDS, read=silence)
        try:
            async with self._http.stream(
                method, path, params=query, headers=headers, timeout=timeout
            ) as response:
                if response.is_error:
                    await response.aread()
                _refuse(response)
                yield response
        except httpx.HTTPError as error:
            raise self._silent(error) from None

    def _silent(self, error: httpx.HTTPError) -> EngineError:
        reason = str(error) or type(error).__name__
        return EngineError(f"The Docker engine on {self.socket} does not answer: {reason}")


def _refuse(response: httpx.Response) -> None:
    if response.is_success or response.status_code == _NOT_MODIFIED:
        return
    try:
        message = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = f"status {response.status_code}"
    raise EngineError(f"The Docker engine refused: {message}", response.status_code)
