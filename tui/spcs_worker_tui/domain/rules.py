"""The health table: first match wins, and every combination of facts matches one rule.

Rules 1 to 32 are the table of docs/health.md in its own order. The rules from 33 on make it
total: jobs, services that are no worker, and what was not looked at yet. They stand where they
are looked at, not at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.domain.rules_snowflake import SNOWFLAKE_RULES
from spcs_worker_tui.domain.rules_up import UP_RULES

if TYPE_CHECKING:
    from spcs_worker_tui.domain.rules_facts import Facts
    from spcs_worker_tui.domain.rules_row import Rule

RULES: tuple[Rule, ...] = SNOWFLAKE_RULES + UP_RULES


def first_match(facts: Facts) -> Rule:
    """The rule that decides: exactly one, whatever the facts."""
    return next(rule for rule in RULES if rule.when(facts))
