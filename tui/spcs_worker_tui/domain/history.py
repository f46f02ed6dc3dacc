"""What was deployed to a service, when, by whom and why: what rolling back rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey


class HistoryKind(StrEnum):
    """How a specification came to be deployed."""

    FOUND = "found"
    """It was there before we changed anything, or somebody else deployed it."""
    CREATED = "created"
    UPDATED = "updated"
    ROLLED_BACK = "rolled back"


class HistoryState(StrEnum):
    """What became of it."""

    BEGUN = "begun"
    """About to be sent; whether it was, only the service itself can tell."""
    APPLIED = "applied"
    """The account took it."""
    READY = "ready"
    """And every instance came up with it."""
    FAILED = "failed"
    """The account took it, and it did not come up."""
    REFUSED = "refused"
    """The account did not take it."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One specification that was deployed.

    Attributes:
        number: From 1, in the order in which they were kept; 0 until it is.
        spec: Its text, with `secrecy.HIDDEN` for every literal that looks like a credential.
        digests: Container to the digest of its image, so that it can be pinned.
        spec_digest: Under which the account knows it (contract 1.1).
        user: The operating system's; the store fills it in where it is empty.
    """

    time: datetime
    kind: HistoryKind
    state: HistoryState
    spec: str
    spec_digest: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    user: str = ""
    snowflake_user: str = ""
    role: str = ""
    plan_id: str = ""
    number: int = 0

    @property
    def words(self) -> str:
        """What was done, by whom and why, in one line; of what was found nobody knows by whom."""
        if self.kind is HistoryKind.FOUND:
            return "found, deployed from elsewhere"
        who = " as ".join(filter(None, (self.user, self.snowflake_user)))
        words = [str(self.kind)] + ([f"by {one_line(who)}"] if who else [])
        words += ["(failed)"] if self.state is HistoryState.FAILED else []
        words += [f"- {one_line(self.why)}"] if self.why else []
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class PastSpec:
    """One specification of the history, beside what is deployed now.

    Attributes:
        differences: What going back to it would change, by meaning, one line each.
    """

    entry: HistoryEntry
    differences: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether it is what is deployed now, by meaning."""
        return not self.differences


TAKEN = (HistoryState.APPLIED, HistoryState.READY, HistoryState.FAILED)
"""The states of what the account took."""


def applied_digest(entries: Sequence[HistoryEntry]) -> str | None:
    """The spec digest that this program applied last: another one is somebody else's doing.

    None where it never applied one, and where the newest was begun and its end is not known: then
    what is deployed may well be that.
    """
    own = (
        entry
        for entry in reversed(entries)
        if entry.kind is not HistoryKind.FOUND and entry.state is not HistoryState.REFUSED
    )
    newest = next(own, None)
    return newest.spec_digest or None if newest and newest.state in TAKEN else None


class HistoryStore(Protocol):
    """Keeps the entries of every service of every account. Small and local: it never waits long."""

    def entries(self, account: str, key: ServiceKey) -> Sequence[HistoryEntry]:
        """All that can be read, the oldest first.

        Raises:
            ConfigurationError: The place where they are kept cannot be read.
        """

    def add(self, account: str, key: ServiceKey, entry: HistoryEntry) -> HistoryEntry:
        """Keep it for good, and give it its number.

        Raises:
            ConfigurationError: It cannot be written, so that nothing should be changed now.
        """

    def replace(self, account: str, key: ServiceKey, entry: HistoryEntry) -> None:
        """Keep this instead of the entry of the same number; raises as `add`."""
