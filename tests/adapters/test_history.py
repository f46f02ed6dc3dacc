"""The history's files: whole or not at all, for their owner only, and none in another's way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.applied import AppliedSpecs
from spcs_worker_tui.adapters.history import HistoryFiles
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.history import HistoryEntry, HistoryKind, HistoryState

KEY = ServiceKey("dev", "D", "S", "SVC")
ENTRY = HistoryEntry(
    time=datetime(2026, 11, 23, tzinfo=UTC),
    kind=HistoryKind.UPDATED,
    state=HistoryState.BEGUN,
    spec="spec:\n  x: 1\n",
    digests={"worker": "sha256:1"},
    why="because",
    user="me",
)


def test_entries_come_back_in_their_order(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path / "h")
    assert files.entries("ACME", KEY) == ()
    first = files.add("ACME", KEY, ENTRY)
    second = files.add("ACME", KEY, replace(ENTRY, why="again"))
    assert (first.number, second.number) == (1, 2)
    assert files.entries("ACME", KEY) == (first, second)
    assert files.entries("OTHER", KEY) == ()
    assert files.entries("ACME", replace(KEY, name="OTHER")) == ()
    # The connection is only how the service was reached.
    assert files.entries("ACME", replace(KEY, connection="prod")) == (first, second)


def test_an_entry_is_replaced(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path)
    entry = files.add("ACME", KEY, ENTRY)
    files.replace("ACME", KEY, replace(entry, state=HistoryState.READY))
    assert [e.state for e in files.entries("ACME", KEY)] == [HistoryState.READY]


def test_files_are_for_their_owner_only_and_nothing_else_is_left(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path / "h")
    files.add("ACME", KEY, ENTRY)
    (path,) = [p for p in (tmp_path / "h").rglob("*") if p.is_file()]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_names_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path / "h")
    files.add("../..", ServiceKey("dev", "..", "../x", "/etc/passwd"), ENTRY)
    found = list(tmp_path.rglob("*.json"))
    assert all(p.resolve().is_relative_to(tmp_path / "h") for p in found)
    assert len(found) == 1


def test_a_damaged_file_is_left_out(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path)
    files.add("ACME", KEY, ENTRY)
    files.add("ACME", KEY, ENTRY)
    first = min(tmp_path.rglob("*.json"))
    first.write_text("{")
    assert [e.number for e in files.entries("ACME", KEY)] == [2]
    assert files.add("ACME", KEY, ENTRY).number == 3


def test_two_programs_never_take_one_number(tmp_path: Path) -> None:
    def add(_: int) -> int:
        return HistoryFiles(tmp_path).add("ACME", KEY, ENTRY).number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(add, range(24)))
    assert sorted(numbers) == list(range(1, 25))


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "h").write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot be used: Not a directory") as refused:
        HistoryFiles(tmp_path / "h").add("ACME", KEY, ENTRY)
    assert "SPCS_WORKER_TUI_STATE_DIR" in refused.value.next_step


def test_what_was_applied_last_is_read_anew_only_after_a_change(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path / "h")
    specs = AppliedSpecs(files)
    other = replace(KEY, name="OTHER")
    assert specs.digests("ACME", [KEY, other]) == {}
    begun = files.add("ACME", KEY, ENTRY)
    assert specs.digests("ACME", [KEY, other]) == {}
    files.replace("ACME", KEY, replace(begun, state=HistoryState.APPLIED, spec_digest="one"))
    for _ in range(2):
        assert specs.digests("ACME", [KEY, other]) == {KEY: "one"}
    # Written in place, which no program of ours does: what was read stands.
    (path,) = files.folder("ACME", KEY).glob("*.json")
    path.write_text("damaged")
    assert specs.digests("ACME", [KEY]) == {KEY: "one"}
    assert specs.digests("OTHER", [KEY]) == {}


def test_a_history_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    files = HistoryFiles(tmp_path / "h")
    files.folder("ACME", KEY).parent.mkdir(parents=True)
    files.folder("ACME", KEY).write_text("no folder")
    assert AppliedSpecs(files).digests("ACME", [KEY]) == {}
