"""What the history says was applied from here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from spcs_worker_tui.domain.history import HistoryEntry, HistoryKind, HistoryState, applied_digest

UPDATED, FOUND = HistoryKind.UPDATED, HistoryKind.FOUND


def entry(kind: HistoryKind, state: str, digest: str) -> HistoryEntry:
    time = datetime(2026, 11, 23, tzinfo=UTC)
    return HistoryEntry(time, kind, HistoryState(state), "spec: {}", digest)


def test_who_found_something_is_not_who_deployed_it() -> None:
    found = replace(entry(FOUND, "applied", "theirs"), user="ada", why="")
    assert found.words == "found, deployed from elsewhere"
    ours = replace(entry(UPDATED, "failed", "ours"), user="ada", snowflake_user="OPS", why="1.4")
    assert ours.words == "updated by ada as OPS (failed) - 1.4"


@pytest.mark.parametrize(
    ("entries", "digest"),
    [
        ([], None),
        ([entry(FOUND, "applied", "theirs")], None),
        ([entry(UPDATED, "applied", "ours")], "ours"),
        ([entry(UPDATED, "failed", "ours")], "ours"),
        ([entry(UPDATED, "ready", "old"), entry(UPDATED, "ready", "new")], "new"),
        ([entry(UPDATED, "ready", "ours"), entry(FOUND, "applied", "theirs")], "ours"),
        ([entry(UPDATED, "ready", "ours"), entry(UPDATED, "refused", "")], "ours"),
        # Sent perhaps, and perhaps not: nobody can be said to have altered it.
        ([entry(UPDATED, "ready", "ours"), entry(UPDATED, "begun", "")], None),
    ],
)
def test_what_was_applied_last(entries: list[HistoryEntry], digest: str | None) -> None:
    assert applied_digest(entries) == digest
