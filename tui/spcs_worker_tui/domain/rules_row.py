"""One row of the health table, and who has to answer again before it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from spcs_worker_tui.domain.rules_facts import Facts
from spcs_worker_tui.domain.verdict import Health


class Side(StrEnum):
    """Whose answer a rule rests on; it settles only when that system was asked again."""

    SNOWFLAKE = "Snowflake"
    PREFECT = "Prefect"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    `snowflake` and `prefect` are the conditions in words, as docs/health.md shows them; `when`
    is the same for the machine, given that no earlier rule matched. `settles` is True where the
    rule rests on an age or on a missing row and so has to be seen in two polls before it makes
    a verdict worse.
    """

    number: int
    snowflake: str
    prefect: str
    health: Health
    when: Callable[[Facts], bool]
    reason: Callable[[Facts], str]
    next_step: str = ""
    side: Side = Side.SNOWFLAKE
    settles: bool = False


def fixed(reason: str) -> Callable[[Facts], str]:
    """A reason that says the same whatever the facts."""
    return lambda _: reason


WATCH = "Wait and watch"
