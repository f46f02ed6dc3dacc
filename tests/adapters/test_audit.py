"""The audit log as a file: one line each, for its owner's eyes, never in the way."""

from __future__ import annotations

import json
import multiprocessing
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.audit import AuditFile, state_directory
from spcs_worker_tui.domain.audit import AuditEntry, AuditResult
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.text import one_line

ENTRY = AuditEntry(
    time=datetime(2026, 11, 23, 12, tzinfo=UTC),
    plan_id="p-1",
    plan="Suspend D.S.SVC",
    step="Suspend D.S.SVC",
    result=AuditResult.DONE,
    subject="D.S.SVC",
    connection="dev",
    account="ORG-ACCT",
    snowflake_user="OPS",
    role="OPERATOR",
    user="ana",
    statement="ALTER SERVICE D.S.SVC SUSPEND",
    query_id="01b2",
    elapsed=timedelta(seconds=1.25),
)


def write_many(path: str, writer: int) -> None:
    log = AuditFile(Path(path))
    for number in range(50):
        log.record(replace(ENTRY, plan_id=f"{writer}-{number}", statement="x" * 2000))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    log = AuditFile(tmp_path / "deep" / "audit.jsonl")
    assert log.entries() == ()
    failed = replace(ENTRY, result=AuditResult.FAILED, detail="Insufficient privileges")
    assert [log.record(ENTRY), log.record(failed)] == ["", ""]
    assert list(log.entries()) == [ENTRY, failed]
    row = json.loads(log.path.read_text().splitlines()[0])
    assert (row["time"], row["service"], row["result"], row["seconds"]) == (
        "2026-11-23T12:00:00+00:00",
        "D.S.SVC",
        "done",
        1.25,
    )


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_stays_on_its_line(tmp_path_factory, statement: str, detail: str) -> None:
    log = AuditFile(tmp_path_factory.mktemp("any") / "audit.jsonl")
    log.record(replace(ENTRY, statement=statement, detail=detail))
    log.record(ENTRY)
    assert len(log.path.read_bytes().splitlines()) == 2
    first, second = log.entries()
    assert second == ENTRY
    assert (first.statement, first.detail) == (one_line(statement), one_line(detail))


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    log = AuditFile(tmp_path / "state" / "audit.jsonl")
    mask = os.umask(0)
    try:
        log.record(ENTRY)
    finally:
        os.umask(mask)
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.parent.stat().st_mode & 0o777 == 0o700
    log.path.chmod(0o644)
    log.record(ENTRY)
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_the_user_is_the_one_who_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ana")
    log = AuditFile(tmp_path / "audit.jsonl")
    log.record(replace(ENTRY, user=""))
    assert log.entries()[0].user == "ana"


def test_that_it_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    log = AuditFile(tmp_path / "file" / "audit.jsonl")
    said = [log.record(ENTRY) for _ in range(3)]
    assert "cannot be written" in said[0]
    assert said[1:] == ["", ""]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        AuditFile(tmp_path / "audit.jsonl").entries()


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    log = AuditFile(tmp_path / "audit.jsonl")
    log.record(ENTRY)
    with log.path.open("ab") as file:
        file.write(b'{"time": "2026-11-')
    log.record(ENTRY)
    with log.path.open("ab") as file:
        file.write(b'\xff\n[]\n{"time": 3, "result": "done"}\n\n')
    log.record(ENTRY)
    assert list(log.entries()) == [ENTRY] * 3


def test_programs_that_write_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_many, args=(str(path), n)) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert len(AuditFile(path).entries()) == 150


def test_where_it_is_kept_can_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPCS_WORKER_TUI_STATE_DIR", str(tmp_path))
    assert AuditFile().path == tmp_path / "audit.jsonl"
    monkeypatch.delenv("SPCS_WORKER_TUI_STATE_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_directory() == tmp_path / "xdg" / "spcs-worker-tui"
