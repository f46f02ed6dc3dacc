"""What is the matter with the selected row, and what to do next, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from spcs_worker_tui.domain.fleet import ConnectionState
from spcs_worker_tui.domain.verdict import Sync
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, Line, clip, justify, wrap
from spcs_worker_tui.ui.rows import ConnectionRow, Row, ServiceRow
from spcs_worker_tui.ui.widgets.painter import FixedLines


class Detail(FixedLines):
    """The selected row in sentences; two lines where there is little room, else three."""

    DEFAULT_CSS = """
    Detail { height: 3; padding: 0 1; }
    """

    def __init__(self, glyphs: fmt.Glyphs) -> None:
        super().__init__(id="detail")
        self._glyphs = glyphs
        self._row: Row | None = None
        self._now: datetime | None = None
        self._instead = ""

    def show(self, row: Row | None, now: datetime, instead: str = "") -> None:
        """Show that row, or the sentence that stands for a row that is not there."""
        self._row, self._now, self._instead = row, now, instead
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """The sentences."""
        if self._row is None:
            return [(Cell(part, "verdict-degraded"),) for part in wrap(self._instead, width)]
        head, reason, following = self._sentences(self._row)
        if height < 3:  # noqa: PLR2004 - the table says which row it is
            sign = Cell(f"{head[0].text.split()[0]} ", head[0].tone)
            return [clip((sign, *reason), width), clip(following, width)]
        word, detail = self._sync(self._row)
        below = following or detail
        return [justify(head, word, width), clip(reason, width), clip(below, width)]

    def _sentences(self, row: Row) -> tuple[Line, Line, Line]:
        if isinstance(row, ConnectionRow):
            return self._of_connection(row)
        return self._of_service(row)

    def _of_connection(self, row: ConnectionRow) -> tuple[Line, Line, Line]:
        connection, error = row.connection, row.connection.error
        sign = self._glyphs.connection[connection.state]
        head = (
            Cell(f"{sign} {connection.state}", "verdict-degraded bold"),
            Cell(f"  connection {connection.name}", "ink bold"),
        )
        advice = error.next_step if error else ""
        if connection.state is ConnectionState.SIGN_IN_NEEDED:
            advice = f"Press enter to sign in. {advice}"
        reason = error.message if error else f"The connection is {connection.state}."
        return head, (Cell(reason),), self._step(advice or "Press r to try again.")

    def _of_service(self, row: ServiceRow) -> tuple[Line, Line, Line]:
        verdict = row.verdict
        head = (
            Cell(f"{self._glyphs.health[row.health]} {row.health}", f"verdict-{row.health} bold"),
            Cell(f"  {row.key.name}", "ink bold"),
            Cell(f"  {row.key.connection}  {row.key.database}.{row.key.schema}", "muted"),
            *self._since(row),
        )
        if verdict is None:
            return head, (Cell("Not judged yet", "muted"),), ()
        return head, (Cell(verdict.reason),), self._step(fmt.next_step(verdict))

    def _step(self, text: str) -> Line:
        if not text:
            return ()
        return (Cell(f"{self._glyphs.next_step} ", "accent"), Cell(text))

    def _since(self, row: Row) -> Line:
        verdict = None if isinstance(row, ConnectionRow) else row.verdict
        if verdict is None or verdict.since is None or self._now is None:
            return ()
        text = f"  for {fmt.span(self._now - verdict.since)}"
        if verdict.previous:
            text += f", was {verdict.previous}"
        return (Cell(text, "muted"),)

    def _sync(self, row: Row) -> tuple[Line, Line]:
        """The word where it is no good news, and what it means, for where there is room."""
        verdict = None if isinstance(row, ConnectionRow) else row.verdict
        if verdict is None or verdict.sync in {Sync.IN_SYNC, Sync.UNKNOWN}:
            return (), ()
        tone = "verdict-degraded"
        return (Cell(str(verdict.sync), tone),), (Cell(verdict.sync_detail, tone),)
