"""The two lines at the top: who is connected, how the fleet is, and how old that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spcs_worker_tui.domain.errors import (
    FleetError,
    PrefectBusyError,
    PrefectGarbledError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
)
from spcs_worker_tui.domain.fleet import ConnectionSnapshot, ConnectionState, Observation
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.verdict import Health, JudgedFleet
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, Line, justify, width_of
from spcs_worker_tui.ui.widgets.painter import FixedLines

if TYPE_CHECKING:
    from spcs_worker_tui.domain.prefect import WorkPoolSnapshot

_TONES = {
    ConnectionState.CONNECTED: "verdict-healthy",
    ConnectionState.CONNECTING: "muted",
    ConnectionState.SIGN_IN_NEEDED: "verdict-degraded",
}
_WRITABLE = ReadOnly()
_PREFECT_WORDS: dict[type[FleetError], str] = {
    PrefectUnauthorizedError: "sign-in missing",
    PrefectBusyError: "busy",
    PrefectGarbledError: "no Prefect API",
    PrefectNotFoundError: "work pool missing",
}


class Header(FixedLines):
    """Product, connections and clock above; verdicts and Prefect below."""

    DEFAULT_CSS = """
    Header { height: 2; background: $raised; padding: 0 1; }
    """

    def __init__(self, glyphs: fmt.Glyphs, zone: tzinfo | None) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._zone = zone
        self._judged: JudgedFleet | None = None
        self._now: datetime | None = None
        self._is_paused = False
        self._is_starting = False
        self._read_only = _WRITABLE

    def show(
        self,
        judged: JudgedFleet | None,
        now: datetime,
        is_paused: bool,
        is_starting: bool = False,
        read_only: ReadOnly = _WRITABLE,
    ) -> None:
        """Show this picture, as it is now; None before the first one, or after a failure."""
        self._judged, self._now, self._is_paused = judged, now, is_paused
        self._is_starting = is_starting
        self._read_only = read_only
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Both lines."""
        now = self._now
        name = (
            Cell(f"{self._glyphs.product} ", "accent bold"),
            Cell("spcs-worker-tui", "ink bold"),
            Cell("   ", ""),
        )
        if now is None:
            return [name, ()]
        right = self._clock(now)
        judged = self._judged
        if judged is None:
            word = "Starting" if self._is_starting else ""
            return [justify(name, right, width), (Cell(word, "muted"),)]
        room = width - width_of(name) - width_of(right) - 1
        top = (*name, *self._connections(judged.snapshot.connections, room))
        verdicts = (verdict.health for verdict in judged.verdicts.values())
        below = justify(self._totals(verdicts), self._prefect(judged), width)
        return [justify(top, right, width), below]

    def _clock(self, now: datetime) -> Line:
        cells = [Cell(fmt.clock(now, self._zone), "ink")]
        if self._judged is not None:
            seen = fmt.age(now - self._judged.snapshot.observed_at)
            cells.insert(0, Cell(f"{seen} ago  ", "muted"))
        if self._read_only.everything:
            cells.insert(0, Cell("READ-ONLY  ", "verdict-degraded bold"))
        if self._is_paused:
            cells.insert(0, Cell("PAUSED  ", "verdict-degraded bold"))
        return tuple(cells)

    def _connections(self, connections: Sequence[ConnectionSnapshot], room: int) -> Line:
        """Each with its word if they fit; else the well ones as a number."""
        each = [self._connection(connection) for connection in connections]
        if sum(map(width_of, each)) <= room:
            return tuple(cell for chip in each for cell in chip)
        well = [c for c in connections if c.state is ConnectionState.CONNECTED]
        ill = [c for c in connections if c.state is not ConnectionState.CONNECTED]
        ill.sort(key=lambda c: c.state is ConnectionState.CONNECTING)
        sign = self._glyphs.connection[ConnectionState.CONNECTED]
        number = (Cell(f"{sign} ", "verdict-healthy"), Cell(f"{len(well)} connected   ", "ink"))
        cells: list[Cell] = [*number] if well else []
        for index, connection in enumerate(ill):
            chip = self._connection(connection)
            more = 9 if index < len(ill) - 1 else 0
            if width_of(cells) + width_of(chip) + more > room + 3:
                cells.append(Cell(f"+{len(ill) - index} more", "verdict-degraded"))
                break
            cells += chip
        return tuple(cells)

    def _connection(self, connection: ConnectionSnapshot) -> Line:
        tone = _TONES.get(connection.state, "verdict-broken")
        if connection.name in self._read_only.connections and not self._read_only.everything:
            return (
                Cell(f"{self._glyphs.connection[connection.state]} ", tone),
                Cell(f"{connection.name} ", "ink bold"),
                Cell("read-only ", "verdict-degraded"),
                Cell(f"{connection.state}   ", "muted" if tone == "verdict-healthy" else tone),
            )
        return (
            Cell(f"{self._glyphs.connection[connection.state]} ", tone),
            Cell(f"{connection.name} ", "ink bold"),
            Cell(f"{connection.state}   ", "muted" if tone == "verdict-healthy" else tone),
        )

    def _totals(self, verdicts: Iterable[Health]) -> Line:
        counts = Counter(verdicts)
        cells: list[Cell] = []
        for health in sorted(Health, key=lambda health: -health.severity):
            if count := counts[health]:
                tone = f"verdict-{health}"
                cells += [
                    Cell(f"{self._glyphs.health[health]} {count}", f"{tone} bold"),
                    Cell(f" {health}   ", "ink"),
                ]
        return tuple(cells) or (Cell("No services", "muted"),)

    def _prefect(self, judged: JudgedFleet) -> Line:
        apis: dict[str, list[Observation[WorkPoolSnapshot]]] = {}
        for key, observation in judged.snapshot.work_pools.items():
            apis.setdefault(key.api_url, []).append(observation)
        cells: list[Cell] = [Cell("Prefect  ", "muted")] if apis else []
        for number, (url, observations) in enumerate(apis.items()):
            sign, word, tone = self._api_state(observations)
            gap = "   " if number < len(apis) - 1 else ""
            cells += [
                Cell(f"{sign} ", tone),
                Cell(f"{host(url)} ", "ink"),
                Cell(f"{word}{gap}", "muted" if tone == "verdict-healthy" else tone),
            ]
        return tuple(cells)

    def _api_state(
        self, observations: Sequence[Observation[WorkPoolSnapshot]]
    ) -> tuple[str, str, str]:
        errors = [one.error for one in observations if one.error is not None]
        signs = self._glyphs.connection
        if len(errors) == len(observations):
            word = _PREFECT_WORDS.get(type(errors[0]), "unreachable")
            return signs[ConnectionState.UNREACHABLE], word, "verdict-broken"
        if errors:
            word = f"{len(errors)} of {len(observations)} work pools fail"
            return signs[ConnectionState.SIGN_IN_NEEDED], word, "verdict-degraded"
        if all(one.observed_at is None for one in observations):
            return signs[ConnectionState.CONNECTING], "asking", "muted"
        return signs[ConnectionState.CONNECTED], "answers", "verdict-healthy"


def host(url: str) -> str:
    """Host and port of an API; without the path, and without anyone's password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return one_line(f"{parts.hostname or 'no address'}{port}", 40)
    except ValueError:
        return "no valid address"
