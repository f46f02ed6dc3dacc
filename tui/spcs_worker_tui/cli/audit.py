"""`audit`: shows the audit log, the newest last, as a log does."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from spcs_worker_tui.cli.console import Ink, has_colour, paint, put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.domain.audit import AuditEntry, AuditResult
from spcs_worker_tui.domain.text import cell_width, one_line
from spcs_worker_tui.wiring.applying import audit_log

_HEAD = ("TIME", "USER", "CONNECTION", "ON", "RESULT", "TOOK", "STEP", "QUERY ID")
_INKS = {AuditResult.FAILED: Ink.RED, AuditResult.INTERRUPTED: Ink.YELLOW}
_RESULT = 4
_STEP_WIDTH = 60


def run_audit(options: Namespace) -> int:
    """Print what was applied."""
    chosen = select(
        audit_log().entries(),
        options.service,
        options.connection,
        since=options.since,
        limit=options.limit,
    )
    if options.json:
        for entry in chosen:
            put(json.dumps(as_json(entry)))
    elif chosen:
        _table(chosen)
    else:
        say("Nothing was changed from here.")
    return Exit.HEALTHY


def select(
    entries: Iterable[AuditEntry],
    patterns: Sequence[str],
    connections: Sequence[str],
    *,
    since: datetime | None,
    limit: int,
) -> list[AuditEntry]:
    """Those that are asked for, the oldest first.

    Args:
        entries: All, the oldest first.
        patterns: Of services, or of what else was changed; none: all.
        connections: By name; none: all.
        since: Not before.
        limit: The newest so many.
    """
    found = [
        entry
        for entry in entries
        if (not patterns or any(_matches(pattern, entry) for pattern in patterns))
        and (not connections or entry.connection in connections)
        and (since is None or entry.time >= since)
    ]
    return found[-limit:]


def _matches(pattern: str, entry: AuditEntry) -> bool:
    connection, colon, name = pattern.rpartition(":")
    if colon and not fnmatchcase(entry.connection.casefold(), connection.casefold()):
        return False
    parts = entry.subject.casefold().split(".")
    spellings = {".".join(parts[start:]) for start in range(len(parts))}
    return any(fnmatchcase(text, name.casefold()) for text in spellings)


def as_json(entry: AuditEntry) -> dict[str, Any]:
    """The entry as it stands in the file."""
    return {
        "time": entry.time.isoformat(),
        "plan_id": entry.plan_id,
        "plan": entry.plan,
        "step": entry.step,
        "service": entry.subject,
        "connection": entry.connection,
        "account": entry.account,
        "user": entry.user,
        "snowflake_user": entry.snowflake_user,
        "role": entry.role,
        "statement": entry.statement,
        "result": str(entry.result),
        "detail": entry.detail,
        "query_id": entry.query_id,
        "seconds": round(entry.elapsed.total_seconds(), 3),
    }


def _table(entries: Sequence[AuditEntry]) -> None:
    rows = [_HEAD, *map(_row, entries)]
    widths = [max(cell_width(row[column]) for row in rows) for column in range(len(_HEAD))]
    colour = has_colour(sys.stdout)
    for row, entry in zip(rows, [None, *entries], strict=True):
        cells = [
            text + " " * (width - cell_width(text)) for text, width in zip(row, widths, strict=True)
        ]
        if entry is not None:
            cells[_RESULT] = paint(cells[_RESULT], _INKS.get(entry.result), colour=colour)
        put("  ".join(cells).rstrip())


def _row(entry: AuditEntry) -> tuple[str, ...]:
    who = entry.user
    if entry.snowflake_user and entry.snowflake_user.casefold() != who.casefold():
        who += f"/{entry.snowflake_user}"
    return (
        f"{entry.time.astimezone():%Y-%m-%d %H:%M:%S}",
        who,
        entry.connection or "-",
        entry.subject,
        str(entry.result),
        f"{entry.elapsed.total_seconds():.1f} s",
        one_line(entry.step, _STEP_WIDTH),
        entry.query_id or "-",
    )
