"""The language of faults: what goes wrong, for whom, how often, for how long. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What goes wrong with one request to the Snowflake side."""

    DELAY = "delay"
    """It is answered, `seconds` later."""
    HANG = "hang"
    """It is taken and never answered; the connection breaks when the fault ends."""
    RESET = "reset"
    """The connection is reset before the answer."""
    HALF = "half"
    """The answer is right and breaks off in the middle."""
    GARBAGE = "garbage"
    """JSON of a wrong shape."""
    NO_JSON = "no-json"
    """Bytes that are no JSON."""
    HTML = "html"
    """The sign-in page of a proxy, with status 200."""
    ERROR_500 = "500"
    ERROR_503 = "503"
    SESSION_EXPIRED = "session-expired"
    """390112: the session token is past its time; renewing it helps."""
    MASTER_EXPIRED = "master-expired"
    """390112, and 390114 for who renews: only a new sign-in helps."""
    SESSION_GONE = "session-gone"
    """390111: the account has ended the session."""
    ROLE_REVOKED = "role-revoked"
    """390189 at sign-in; an open session ends, which is a guess (see docs/sandbox.md)."""
    CLOCK = "clock"
    """The account's clock is `seconds` ahead, or behind when negative."""


class On(StrEnum):
    """Which requests."""

    ANY = "any"
    LOGIN = "login"
    STATEMENT = "statement"
    """Also the requests for its result."""


NEEDS_SECONDS = frozenset({Kind.DELAY, Kind.CLOCK})
_LONGEST = 86_400.0
_MOST = 1_000_000


class FaultError(ValueError):
    """A fault that makes no sense; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, from when it is set until it is over.

    Attributes:
        kind: What goes wrong.
        connection: Whose requests, by the name of the saved connection; empty for everyone's.
        on: Which of them.
        statement: Only statements that begin like this, letter case and spaces aside.
        seconds: How long a delay is, or how far the clock is off.
        every: Only each n-th request that fits.
        times: Over after it has struck so often; 0 is without end.
        lasts: Over after so many seconds; 0 is without end.
    """

    kind: Kind
    connection: str = ""
    on: On = On.ANY
    statement: str = ""
    seconds: float = 0.0
    every: int = 1
    times: int = 0
    lasts: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.seconds, self.lasts)):
            raise FaultError("seconds have to be a number")
        if self.kind in NEEDS_SECONDS and not self.seconds:
            raise FaultError(f"{self.kind} needs seconds")
        if self.kind is not Kind.CLOCK and self.seconds < 0:
            raise FaultError(f"{self.kind} takes no negative seconds")
        if abs(self.seconds) > _LONGEST or not 0 <= self.lasts <= _LONGEST:
            raise FaultError("seconds are a day at most")
        if not (1 <= self.every <= _MOST and 0 <= self.times <= _MOST):
            raise FaultError(f"every is from 1, times from 0 to {_MOST}")

    def concerns(self, request: Request) -> bool:
        """Whether that request may be struck."""
        if self.connection and self.connection != request.connection:
            return False
        if self.on is On.LOGIN or (self.on is On.STATEMENT and not self.statement):
            return request.on is self.on
        if self.statement:
            return _plain(request.statement).startswith(_plain(self.statement))
        return True

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Request:
    """What a request is about, as far as faults care.

    Attributes:
        connection: The saved connection of its account; empty when that is not known.
        on: What it is; ANY for renewals, heartbeats and goodbyes.
        statement: Its text.
    """

    connection: str = ""
    on: On = On.ANY
    statement: str = ""


def fault_of(said: Mapping[str, Any]) -> Fault:
    """A fault from JSON.

    Raises:
        FaultError: A name is unknown, or a value makes no sense.
    """
    known: Mapping[str, Any] = {
        "kind": Kind,
        "connection": str,
        "on": On,
        "statement": str,
        "seconds": float,
        "every": int,
        "times": int,
        "lasts": float,
    }
    if unknown := said.keys() - known.keys():
        raise FaultError(f"unknown: {', '.join(sorted(unknown))}")
    if "kind" not in said:
        raise FaultError(f"kind is one of {', '.join(Kind)}")
    values = {}
    for name, value in said.items():
        try:
            values[name] = known[name](value)
        except (TypeError, ValueError, OverflowError):
            raise FaultError(f"{name} cannot be {str(value)[:40]!r}") from None
    return Fault(**values)


def _plain(statement: str) -> str:
    return " ".join(statement.split()).upper()
