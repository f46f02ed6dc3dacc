"""What a faulty door says instead of Prefect, and one request at a time through it."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from spcs_worker_tui.sandbox.faults.clock import shift_moments

_LONGEST_BODY = 4 * 1024 * 1024
_DASHBOARD = b"spcs-worker-tui"
"""How the dashboard's requests name their sender; workers' name Prefect or httpx."""
_DATE = re.compile(rb"(?im)^(date: )(.+?)\r$")
_ONE_ANSWER = re.compile(rb"(?im)^(connection|accept-encoding):.*\r\n")


class Fault(StrEnum):
    """What can be wrong between a client and Prefect."""

    REFUSE = "refuse"
    """Nobody listens: connection refused; of workers only, reset."""
    HANG = "hang"
    """The connection is taken and nothing ever comes."""
    UNAUTHORIZED = "401"
    RATE_LIMITED = "429"
    """429 with `Retry-After`, as Prefect Cloud does it."""
    ERROR_500 = "500"
    HTML = "html"
    """A sign-in page instead of the API, with status 200."""
    GARBAGE = "garbage"
    """JSON of a wrong shape."""
    NO_JSON = "no-json"
    """Bytes that are no JSON."""
    SLOW = "slow"
    """Everything works, after `delay_seconds`."""
    CLOCK = "clock"
    """The server's clock is `delay_seconds` ahead, or behind when negative."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response, after which the connection ends."""

    status: HTTPStatus
    body: bytes
    content_type: str = "application/json"
    retry_after: int | None = None

    def encode(self) -> bytes:
        """As it goes over the line."""
        lines = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
        ]
        if self.retry_after is not None:
            lines.append(f"Retry-After: {self.retry_after}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


STARTING = Answer(
    HTTPStatus.SERVICE_UNAVAILABLE,
    json.dumps({"message": "Prefect server is starting"}).encode(),
    retry_after=1,
)
_HTML = Answer(
    HTTPStatus.OK,
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>",
    "text/html; charset=utf-8",
)
# As Prefect words them (prefect-contract 1.5).
_UNAUTHORIZED = Answer(HTTPStatus.UNAUTHORIZED, b'{"exception_message":"Unauthorized"}')
_ERROR_500 = Answer(
    HTTPStatus.INTERNAL_SERVER_ERROR, b'{"exception_message":"Internal Server Error"}'
)
_GARBAGE = Answer(HTTPStatus.OK, b'{"unexpected":[1,2,{"name":7}],"status":[]}')
_NO_JSON = Answer(HTTPStatus.OK, b"\x00\xff{]")


def answer_of(fault: Fault | None, retry_after: int) -> Answer | None:
    """What that fault says instead of Prefect; None where it does not answer for it."""
    match fault:
        case Fault.RATE_LIMITED:
            return Answer(
                HTTPStatus.TOO_MANY_REQUESTS,
                b'{"detail":"Too Many Requests"}',
                retry_after=retry_after,
            )
        case None:
            return None
    return {
        Fault.UNAUTHORIZED: _UNAUTHORIZED,
        Fault.ERROR_500: _ERROR_500,
        Fault.HTML: _HTML,
        Fault.GARBAGE: _GARBAGE,
        Fault.NO_JSON: _NO_JSON,
    }.get(fault)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole."""

    head: bytes
    body: bytes

    @property
    def path(self) -> str:
        """With its query."""
        return self.head.split(b" ", 2)[1].decode("latin-1")

    @property
    def is_of_a_dashboard(self) -> bool:
        """Whether it names the dashboard as its sender."""
        return _header(self.head, b"user-agent").startswith(_DASHBOARD)

    @property
    def is_upgrade(self) -> bool:
        """Whether a WebSocket is to come of it."""
        return b"websocket" in _header(self.head, b"upgrade").lower()

    def alone(self, seconds: float) -> bytes:
        """The same, asking for one answer on this connection, with its times moved."""
        head = _ONE_ANSWER.sub(b"", self.head).removesuffix(b"\r\n")
        head += b"Connection: close\r\nAccept-Encoding: identity\r\n\r\n"
        return shift_moments(head, seconds) + shift_moments(self.body, seconds)


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Take one request off the line: closing with unread bytes would reset the connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    told = _header(head, b"content-length")
    length = min(int(told), _LONGEST_BODY) if told.isdigit() else 0
    return Request(head, await reader.readexactly(length))


def shifted(answer: bytes, seconds: float) -> bytes:
    """The answer of a server whose clock is so far ahead."""
    head, end, body = answer.partition(b"\r\n\r\n")

    def later(match: re.Match[bytes]) -> bytes:
        moment = parsedate_to_datetime(match[2].decode()) + timedelta(seconds=seconds)
        return match[1] + format_datetime(moment, usegmt=True).encode() + b"\r"

    return (
        _DATE.sub(later, head + b"\r\n").removesuffix(b"\r\n") + end + shift_moments(body, seconds)
    )


def _header(head: bytes, wanted: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == wanted:
            return value.strip()
    return b""
