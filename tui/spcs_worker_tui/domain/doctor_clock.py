"""The check on clocks: ours beside those of the servers that answer."""

from __future__ import annotations

from datetime import timedelta

from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.doctor import Area, Check, Cure, Finding, Outcome

CLOCK = Check("clock", "The clock of this machine agrees with the servers'", Area.MACHINE)
CHECKS = (CLOCK,)

_NOTICED = timedelta(seconds=30)
_REFUSED = timedelta(seconds=60)
"""Tokens of a key pair carry the time of their making, and are refused beyond this."""
_CURE = Cure(
    "Let the clock be set from the network; a virtual machine that slept needs it once more.",
    commands=("sudo timedatectl set-ntp true", "timedatectl status"),
)


def judge_clock(
    subject: str, server: str, skew: timedelta, *, uses_key_pair: bool = False, connection: str = ""
) -> Finding:
    """How far a server's clock is from ours.

    Args:
        subject: What is asked there.
        server: Whose clock it is, for the sentence.
        skew: Theirs minus ours.
        uses_key_pair: Whether signing in depends on it.
        connection: The saved connection that leads there, if one does.
    """
    size = abs(skew)
    which = "ahead of" if skew < timedelta() else "behind"
    text = f"this machine's clock is {humanise(size)} {which} {server}'s"
    if size > _REFUSED and uses_key_pair:
        text += ", too far for signing in with a key pair"
        return Finding(CLOCK, subject, Outcome.PROBLEM, text, _CURE, connection=connection)
    if size > _NOTICED:
        return Finding(CLOCK, subject, Outcome.NOTICE, text, _CURE, connection=connection)
    text = f"this machine's clock agrees with {server}'s"
    return Finding(CLOCK, subject, Outcome.OK, text, connection=connection)
