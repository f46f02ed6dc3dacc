"""The sentences that stand where there is nothing to show. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import ConnectionState, ServiceKey
from spcs_worker_tui.ui.lines import Cell, Line
from spcs_worker_tui.ui.rows import ConnectionKey, RowKey

if TYPE_CHECKING:
    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.ui.fleet_view import FleetView


def no_rows(judged: JudgedFleet | None, view: FleetView, total: int) -> list[Line]:
    """Why the fleet table is empty."""
    if judged is None:
        return _lines("Looking for saved connections.")
    if total and view.is_narrowed:
        return _lines("No row matches.", "esc clears the filter, ! shows the healthy ones again.")
    states = {connection.state for connection in judged.snapshot.connections}
    if ConnectionState.CONNECTING in states:
        names = ", ".join(
            connection.name
            for connection in judged.snapshot.connections
            if connection.state is ConnectionState.CONNECTING
        )
        return _lines(f"Connecting to {names}.")
    roles = ", ".join(
        f"{connection.role or 'its default role'} on {connection.name}"
        for connection in judged.snapshot.connections
    )
    return _lines(
        f"No service is visible to {roles}.",
        "A role sees a service that it owns, or on which it has MONITOR, OPERATE or USAGE.",
        "n sets up a first one, with all that it needs; b builds and deploys a project.",
    )


def _lines(first: str, *others: str) -> list[Line]:
    return [(), (Cell("  " + first, "ink"),), *((Cell("  " + other, "muted"),) for other in others)]


def no_log(key: RowKey | None) -> str:
    """What stands in a log that has no line yet."""
    if isinstance(key, ServiceKey):
        return f"Asking for the log of {key.name}."
    return "Move to a service to see its log."


def gone(key: RowKey, *, is_hidden: bool) -> str:
    """The sentence for a selected row that is not in the table any more."""
    if isinstance(key, ConnectionKey):
        return f"Connection {key.name} is in order again. Move the cursor to go on."
    if is_hidden:
        return f"{key.name} is hidden by the filter. Esc clears the filter."
    return (
        f"{key.name} on {key.connection} is gone: it was dropped, or the role lost sight of it. "
        "Move the cursor to go on."
    )


def failed(error: FleetError) -> list[Line]:
    """The panel for a console that could not be opened."""
    lines: list[Line] = [(Cell("The dashboard cannot start", "verdict-broken bold"),), ()]
    lines.append((Cell(error.message),))
    if error.next_step:
        lines += [(), (Cell(error.next_step, "accent"),)]
    return [*lines, (), _keys(("D", "what is wrong"), ("r", "try again"), ("q", "quit"))]


def no_connections() -> list[Line]:
    """The panel of the very first start."""
    return [
        (Cell("No saved Snowflake connection was found", "ink bold"),),
        (),
        (Cell("The dashboard shows the services of the connections that are saved in"),),
        (Cell("connections.toml or config.toml, where `snow` and the connector keep them."),),
        (),
        _command("spcs-worker-tui setup", "saves one and sets a worker up: here that is n"),
        _command("spcs-worker-tui --sandbox", "tries it all without an account"),
        _command("docs/setup.md", "says what is asked and what is made"),
        (),
        _keys(("n", "set up"), ("r", "look again"), ("?", "help"), ("q", "quit")),
    ]


def _command(command: str, meaning: str) -> Line:
    return (Cell(f"{command:<28}", "accent bold"), Cell(meaning, "muted"))


def _keys(*keys: tuple[str, str]) -> Line:
    cells: list[Cell] = []
    for key, meaning in keys:
        cells += [Cell(f"{key} ", "accent bold"), Cell(f"{meaning}    ", "muted")]
    return tuple(cells)
