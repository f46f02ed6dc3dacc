"""One row of the health table, and who has to answer again before it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.rules_facts import Facts
    from spcs_worker_tui.domain.verdict import Health, Remedy


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
    a verdict worse. `remedy` is what this program offers towards `next_step`, which names neither
    keys nor commands. With `from_failure`, the next step of the failed question counts instead,
    where it has one: it knows more.
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
    remedy: Remedy | None = None
    from_failure: bool = False

    def advice(self, facts: Facts) -> tuple[str, Remedy | None]:
        """What to do next, and what this program offers towards it."""
        side = facts.snowflake if self.side is Side.SNOWFLAKE else facts.prefect
        if self.from_failure and side.advice:
            return side.advice, None
        return self.next_step, self.remedy


def fixed(reason: str) -> Callable[[Facts], str]:
    """A reason that says the same whatever the facts."""
    return lambda _: reason


WATCH = "Wait and watch"
