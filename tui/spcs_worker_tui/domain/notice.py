"""Telling somebody elsewhere how the fleet is: what is told, to whom, and what was told before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.domain.verdict import Health


@dataclass(frozen=True, slots=True)
class Address:
    """Where a notice goes.

    Args:
        url: An Apprise URL; mostly with a token in it.
        label: What it is called on the screen; holds nothing of the URL but its scheme.
    """

    url: Secret
    label: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told: plain text, no markup."""

    health: Health
    title: str
    body: str


class Notifier(Protocol):
    """Sends notices."""

    def check(self, address: Address) -> None:
        """Find out whether that can be sent to, without sending.

        Raises:
            ConfigurationError: It cannot be sent to in this way.
        """

    def shows_a_secret(self, address: Address) -> bool:
        """Whether who reads the address could use something that is not theirs."""

    def send(self, notice: Notice, address: Address) -> None:
        """Send it, within a time limit.

        Raises:
            NotificationError: It was not taken.
        """


class ToldBefore(Protocol):
    """What was told last, for each way of asking; survives the program."""

    def last(self, scope: str) -> tuple[str, ...] | None:
        """What was told last for this scope, or None when nothing is known of it."""

    def keep(self, scope: str, picture: tuple[str, ...]) -> str:
        """Remember it; returns why that cannot be, one sentence or empty."""
