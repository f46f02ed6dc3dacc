"""What `doctor` looks for, what it finds, and what helps.

A check is one entry of docs/troubleshooting.md. Looking for it gives findings: one for each thing
that it is about, a connection, a service, this machine. Every finding that is not all right says
what helps, and carries a `fix` where this program can do that itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.verdict import Health
from spcs_worker_tui.domain.wishes import Wish

if TYPE_CHECKING:
    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.secret_objects import SecretName

PAGE = "docs/troubleshooting.md"
THIS_MACHINE = "this machine"
"""The subject of findings that are about no connection."""


class Area(StrEnum):
    """Under which heading a check stands; in the order of the page."""

    CONNECTIONS = "Connections"
    ACCOUNT = "Account"
    SERVICE = "Service"
    PREFECT = "Prefect"
    MACHINE = "This machine"


class Outcome(StrEnum):
    """How one thing was found to be."""

    OK = "ok"
    NOTICE = "notice"
    """It works, and could be better or will not last."""
    PROBLEM = "problem"
    """Something does not work, or cannot."""
    UNKNOWN = "unknown"
    """It could not be looked at."""

    @property
    def health(self) -> Health:
        """The same in the words of `--check`, whose exit statuses `doctor` has, too."""
        return _HEALTH[self]


_HEALTH = {
    Outcome.OK: Health.HEALTHY,
    Outcome.NOTICE: Health.DEGRADED,
    Outcome.PROBLEM: Health.BROKEN,
    Outcome.UNKNOWN: Health.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for.

    Attributes:
        id: In kebab case; also its anchor in docs/troubleshooting.md.
        title: What is right when all is well, as a short sentence without a full stop.
    """

    id: str
    title: str
    area: Area

    @property
    def page(self) -> str:
        """Where to read about it."""
        return f"{PAGE}#{self.id}"


@dataclass(frozen=True, slots=True)
class Cure:
    """What helps.

    Attributes:
        words: One sentence or two.
        statements: SQL, to run or to hand to an administrator.
        commands: For a shell.
    """

    words: str
    statements: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything that can be copied, the SQL closed with semicolons."""
        return (*(f"{statement};" for statement in self.statements), *self.commands)


@dataclass(frozen=True, slots=True)
class SendStatements:
    """A fix: these statements, on that connection, in this order.

    Attributes:
        title: What they do, as a plan's title.
        service: The service that they change, where they change one.
    """

    connection: str
    title: str
    statements: tuple[str, ...]
    service: ServiceKey | None = None


@dataclass(frozen=True, slots=True)
class AddHost:
    """A fix: that network rule also leads to that `host:port`, beside all that it leads to then.

    Not a finished statement: it has to name all hosts, and several services may need one each.
    """

    connection: str
    rule: SecretName
    host: str


@dataclass(frozen=True, slots=True)
class MakePrivate:
    """A fix: only this user may read and write that file."""

    path: str


@dataclass(frozen=True, slots=True)
class HideVariable:
    """A fix: the value of this variable goes from the specification into a Snowflake secret."""

    service: ServiceKey
    name: str
    container: str


@dataclass(frozen=True, slots=True)
class ChangeProbe:
    """A fix: the container is asked at this port and path whether it is ready; 0: not at all."""

    service: ServiceKey
    container: str
    port: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class DropEndpoint:
    """A fix: the specification without that endpoint."""

    service: ServiceKey
    endpoint: str


SpecFix = HideVariable | ChangeProbe | DropEndpoint
Fix = Wish | SendStatements | AddHost | MakePrivate | SpecFix
"""What this program can do about a finding itself; always planned and confirmed first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How one check came out for one subject; nothing in it is secret.

    Attributes:
        subject: What it is about: a connection, a service, a compute pool, `THIS_MACHINE`.
        text: One sentence.
        cure: What helps; None where all is well.
        fix: What this program can do about it; None: only a person can.
        connection: The saved connection that it was found through, if any.
        service: The service that it is about, if it is about one.
    """

    check: Check
    subject: str
    outcome: Outcome
    text: str
    cure: Cure | None = None
    fix: Fix | None = None
    connection: str = ""
    service: ServiceKey | None = None


def shell(*words: str) -> str:
    """A command to be pasted into a shell, whatever is in its words."""
    return shlex.join(words)


def unseen(
    check: Check,
    subject: str,
    error: FleetError,
    connection: str = "",
    service: ServiceKey | None = None,
) -> Finding:
    """That something could not be looked at, and why."""
    cure = Cure(error.next_step) if error.next_step else None
    return Finding(
        check,
        subject,
        Outcome.UNKNOWN,
        str(error),
        cure,
        connection=connection,
        service=service,
    )


def worst(findings: Iterable[Finding]) -> Health:
    """All in one word: a problem is worse than what could not be seen, that worse than a notice."""
    found = (finding.outcome.health for finding in findings)
    return max(found, key=_severity, default=Health.HEALTHY)


def _severity(health: Health) -> int:
    return health.severity
