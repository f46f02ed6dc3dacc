"""One Prefect API over HTTP: sign-in, CSRF, limits, and every failure as one of our errors."""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.adapters.lean_httpx import httpx
from spcs_worker_tui.domain.errors import (
    PrefectBusyError,
    PrefectError,
    PrefectGarbledError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.credentials import Credentials

TIMEOUT_SECONDS = 8.0
RETRY_503_SECONDS = 0.3
"""SQLite answers 503 when it is locked, for a moment (prefect-contract 5.4)."""

KEPT_SECONDS = 2.0
"""An idle connection is not used again after that: Prefect's server lets go of it after 5 s, which
is how often a dashboard looks."""
_AT_ONCE = 8
_HIGHEST_PORT = 65535
_LARGEST_ANSWER = 16 * 1024 * 1024
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 600.0
_PAUSE_429, _PAUSE_503 = 10.0, 2.0
"""Seconds when no `Retry-After` tells: a limit takes time, a starting server is soon there."""
_LARGEST_NOISE = timedelta(seconds=2)
"""`Date` counts whole seconds, and the answer was under way: below this nothing is skewed."""
_NO_CLOCK = timedelta(days=366)
"""`Date` so far off was not made by a clock."""
_WRONG_ADDRESS = "Check PREFECT_API_URL: it has to end in /api for a self-hosted server"


@dataclass(frozen=True, slots=True)
class _Reply:
    """One response, read whole."""

    status: int
    reason: str
    headers: httpx.Headers
    content: bytes
    clock_skew: timedelta

    @property
    def is_told(self) -> bool:
        """Whether it says for how long to stay away."""
        return "Retry-After" in self.headers

    @property
    def is_page(self) -> bool:
        """Whether it is a web page, or leads to one."""
        if self.status // 100 == 3:  # noqa: PLR2004 - the class of redirects
            return True
        if "text/html" in self.headers.get("Content-Type", "").lower():
            return True
        return self.content[:100].lstrip()[:1] == b"<"

    @property
    def detail(self) -> str:
        """What the API itself says of an error (prefect-contract 1.5); empty when nothing."""
        try:
            body = json.loads(self.content)
        except (ValueError, RecursionError):
            return ""
        if not isinstance(body, dict):
            return ""
        said = (body.get(name) for name in ("detail", "exception_message"))
        return next((one_line(text, 200) for text in said if isinstance(text, str)), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said, read as JSON, and how its clock stands to ours."""

    content: Any
    clock_skew: timedelta


class PrefectHttp:
    """Requests to one Prefect API.

    Args:
        api_url: Base of the API, without trailing slash.
        credentials: What to sign in with.
        now: Our own clock.
        client: For tests; by default one that is made at the first request.
    """

    def __init__(
        self,
        api_url: str,
        credentials: Credentials,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self.api_url = api_url
        self._credentials = credentials
        self._now = now
        self._client = client
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._csrf_client = str(uuid.uuid4())
        self._csrf_token = ""
        self._csrf_lock = asyncio.Lock()
        self._not_before = 0.0

    async def close(self) -> None:
        """Let go of the connections; never raises."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def get(self, path: str) -> Answer:
        """GET below the base; see `post` for what is raised."""
        return await self._request("GET", path, None)

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """POST below the base, which is how Prefect reads lists.

        Raises:
            PrefectError: One of its kinds.
        """
        return await self._request("POST", path, body)

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer:
        async with self._gate:
            reply = await self._send(method, path, body)
            if reply.status == HTTPStatus.SERVICE_UNAVAILABLE and not reply.is_told:
                await asyncio.sleep(RETRY_503_SECONDS)
                reply = await self._send(method, path, body)
            elif reply.status == HTTPStatus.FORBIDDEN and "CSRF" in reply.detail:
                await self._renew_csrf(self._csrf_token)
                reply = await self._send(method, path, body)
        self._raise_for_status(reply)
        return Answer(self._json(reply), reply.clock_skew)

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> _Reply:
        left = self._not_before - asyncio.get_running_loop().time()
        if left > 0:
            raise self._busy(left)
        headers = {}
        if self._csrf_token:
            headers["Prefect-Csrf-Token"] = self._csrf_token
            headers["Prefect-Csrf-Client"] = self._csrf_client
        try:
            _address_of(self.api_url)
            if self._client is None:
                self._client = _client(self.api_url, self._credentials)
            try:
                return await self._exchange(self._client, method, path, body, headers)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                # Whoever stands on the way may let go of a kept connection just as it is used
                # again. All requests only read, so none does harm twice.
                return await self._exchange(self._client, method, path, body, headers)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise self._transport_error(error) from error

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> _Reply:
        before = self._now()
        async with client.stream(
            method, self.api_url + path, json=body, headers=headers
        ) as response:
            arrived = before + (self._now() - before) / 2
            content = await self._read(response)
        return _Reply(
            status=response.status_code,
            reason=one_line(response.reason_phrase, 60),
            headers=response.headers,
            content=content,
            clock_skew=_skew(response.headers, arrived),
        )

    async def _read(self, response: httpx.Response) -> bytes:
        """The whole answer, unless it is larger than any we ask for."""
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > _LARGEST_ANSWER:
                raise PrefectGarbledError(
                    f"{self._where} answers without end", next_step=_WRONG_ADDRESS
                )
        return bytes(content)

    async def _renew_csrf(self, refused: str) -> None:
        """Get a token (prefect-contract 1.3); one request does it for all that wait."""
        async with self._csrf_lock:
            if self._csrf_token != refused:
                return
            self._csrf_token = ""
            path = f"/csrf-token?client={self._csrf_client}"
            reply = await self._send("GET", path, None)
            self._raise_for_status(reply)
            content = self._json(reply)
            token = content.get("token") if isinstance(content, dict) else None
            if not isinstance(token, str) or not (token.isascii() and token.isprintable()):
                raise PrefectGarbledError(
                    f"{self._where} gave no CSRF token", next_step=_WRONG_ADDRESS
                )
            self._csrf_token = token

    @property
    def _where(self) -> str:
        """The API without what may be secret in its URL."""
        try:
            url = _address_of(self.api_url)
        except httpx.InvalidURL:
            return "the Prefect API"
        return one_line(f"{url.scheme}://{url.host}{f':{url.port}' if url.port else ''}{url.path}")

    def _transport_error(self, error: Exception) -> PrefectError:
        if isinstance(error, httpx.TimeoutException):
            return PrefectUnreachableError(
                f"No answer from {self._where} within {TIMEOUT_SECONDS:g} s",
                next_step="Check that the Prefect server runs and that this machine may reach it",
            )
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return PrefectUnreachableError(
                "PREFECT_API_URL in the service's spec is no http or https address",
                next_step=_WRONG_ADDRESS,
            )
        if isinstance(error, httpx.DecodingError | httpx.StreamError):
            return PrefectGarbledError(
                f"{self._where} answered something unreadable", next_step=_WRONG_ADDRESS
            )
        reason = one_line(str(error), 200) or type(error).__name__
        return PrefectUnreachableError(
            f"Cannot reach {self._where}: {reason}",
            next_step="Check that the Prefect server runs and that this machine may reach it",
        )

    def _raise_for_status(self, reply: _Reply) -> None:
        status = reply.status
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            pause = _retry_after(reply, self._now())
            if status == HTTPStatus.TOO_MANY_REQUESTS or reply.is_told:
                self._not_before = asyncio.get_running_loop().time() + pause
            raise self._busy(pause, reply)
        if reply.is_page and status != HTTPStatus.UNAUTHORIZED:
            raise PrefectGarbledError(
                f"{self._where} answered with a web page instead of JSON, "
                "perhaps the sign-in page of a proxy in front of it",
                next_step=_WRONG_ADDRESS,
            )
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._unauthorized(status)
        detail = f": {reply.detail}" if reply.detail else ""
        if status == HTTPStatus.NOT_FOUND:
            raise self._not_found(detail)
        if status // 100 != 2:  # noqa: PLR2004 - the class of successes
            raise PrefectError(
                f"{self._where} answered {status} {reply.reason}{detail}",
                next_step="Look at the Prefect server's own log",
            )

    def _unauthorized(self, status: int) -> PrefectError:
        given = self._credentials
        if given.is_empty:
            why = "asks for credentials, and none are saved for it"
        else:
            why = f"refuses the credentials from {given.source or 'the keyring'}"
        problem = f". {given.problem}" if given.problem else ""
        return PrefectUnauthorizedError(
            f"{self._where} {why} ({status}){problem}",
            next_step=(
                "Save a Prefect profile with this PREFECT_API_URL and its PREFECT_API_KEY or "
                "PREFECT_API_AUTH_STRING, set them in the environment, or keep the key with "
                "`spcs-worker-tui keys set` and this URL"
            ),
        )

    def _not_found(self, detail: str) -> PrefectError:
        if detail in ("", ": Not Found"):  # no such route, so it is no Prefect API
            return PrefectGarbledError(
                f"There is no Prefect API at {self._where}", next_step=_WRONG_ADDRESS
            )
        return PrefectNotFoundError(
            f"Prefect does not have it{detail}",
            next_step="Create the work pool, or correct its name in the service's spec",
        )

    def _busy(self, pause: float, reply: _Reply | None = None) -> PrefectBusyError:
        if reply is not None and reply.headers.get("Prefect-Maintenance", "").lower() == "true":
            why = "is under maintenance"
        elif reply is not None and reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
            why = "is starting or overloaded (503)"
        else:
            why = "asks to be left alone for a while"
        return PrefectBusyError(
            f"{self._where} {why}", retry_after=pause, next_step="It is asked again by itself"
        )

    def _json(self, reply: _Reply) -> Any:
        try:
            return json.loads(reply.content)
        except (ValueError, RecursionError) as error:
            raise PrefectGarbledError(
                f"{self._where} answered something else than JSON", next_step=_WRONG_ADDRESS
            ) from error


def _address_of(api_url: str) -> httpx.URL:
    """The URL in its parts.

    Raises:
        httpx.InvalidURL: It is none; also where httpx itself would notice only while it connects,
            and then with an error that is none of its own.
    """
    try:
        url = httpx.URL(api_url)
        _ = url.host  # decoded only now
    except UnicodeError as error:
        raise httpx.InvalidURL("not encodable") from error
    if url.port is not None and not 0 < url.port <= _HIGHEST_PORT:
        raise httpx.InvalidURL(f"no port {url.port}")
    return url


@lru_cache(maxsize=2)
def default_tls(*, needed: bool) -> ssl.SSLContext:
    """What is trusted by default; nothing at all where no TLS is needed.

    Reading the certificates takes some 50 ms, so all APIs share them.
    """
    return httpx.create_ssl_context() if needed else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def needs_tls(api_url: str) -> bool:
    """Whether that address is not one of plain HTTP."""
    return not api_url.lower().startswith("http://")


def _client(api_url: str, credentials: Credentials) -> httpx.AsyncClient:
    tls = default_tls(needed=needs_tls(api_url))
    if credentials.ca_file:
        tls = ssl.create_default_context(cafile=credentials.ca_file)
    elif not credentials.verify_tls:  # PREFECT_API_TLS_INSECURE_SKIP_VERIFY: the user's own word
        tls = httpx.create_ssl_context(verify=False)
    return httpx.AsyncClient(
        headers={"User-Agent": "spcs-worker-tui", **credentials.headers()},
        timeout=TIMEOUT_SECONDS,
        verify=tls,
        limits=httpx.Limits(
            max_connections=_AT_ONCE,
            max_keepalive_connections=_AT_ONCE,
            keepalive_expiry=KEPT_SECONDS,
        ),
    )


def _retry_after(reply: _Reply, now: datetime) -> float:
    """Seconds to leave the API alone: `Retry-After` in either of its forms, kept in bounds."""
    if not reply.is_told:
        return _PAUSE_429 if reply.status == HTTPStatus.TOO_MANY_REQUESTS else _PAUSE_503
    told = reply.headers["Retry-After"]
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(told) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return _PAUSE_429
    if not seconds <= _LONGEST_PAUSE:  # also when it is not a number
        return _LONGEST_PAUSE
    return max(seconds, _SHORTEST_PAUSE)


def _skew(headers: httpx.Headers, ours: datetime) -> timedelta:
    """The server's clock minus ours; zero where the header is missing or only coarse."""
    try:
        theirs = parsedate_to_datetime(headers.get("Date", ""))
        if theirs.tzinfo is None:
            theirs = theirs.replace(tzinfo=UTC)
        skew = theirs + timedelta(milliseconds=500) - ours
    except (ValueError, TypeError, OverflowError):
        return timedelta()
    return skew if _LARGEST_NOISE < abs(skew) < _NO_CLOCK else timedelta()
