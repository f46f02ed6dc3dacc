"""Changes of environment variables in a living sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from spcs_worker_tui.domain.environment import Edit, EditEnvironment
from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    ConnectionState,
    FleetSnapshot,
    ServiceKey,
)
from spcs_worker_tui.domain.plan import StepProgress
from spcs_worker_tui.domain.ports import Change
from spcs_worker_tui.operations.apply import PlannedChange
from spcs_worker_tui.operations.environment import Environments
from spcs_worker_tui.operations.lifecycle import Lifecycle
from spcs_worker_tui.operations.lifecycle_moves import LifecycleTiming
from support.updating import KEY, UpdateBench

TIMING = LifecycleTiming(poll=0.05, suspended_within=20, ready_within=20)


async def environments(bench: UpdateBench) -> Environments:
    """As they are now; restarts are planned against what the service is at this moment."""
    rows = await bench.session.show_services()
    now = datetime.now(UTC)
    connection = ConnectionSnapshot("dev", ConnectionState.CONNECTED, services=rows)
    fleet = FleetSnapshot(now, (connection,), {}, {})
    tools = bench.tools

    def restart(key: ServiceKey) -> PlannedChange:
        lifecycle = Lifecycle(lambda _: bench.session, lambda: fleet, tools.engine, timing=TIMING)
        return lifecycle.restart(key)

    return Environments(tools, restart)


async def planned(bench: UpdateBench, *edits: Edit, **wish: object) -> Change:
    made = EditEnvironment(KEY, edits, **wish)  # type: ignore[arg-type]
    return await (await environments(bench)).plan(made)


async def done(change: Change) -> list[StepProgress]:
    return [progress async for progress in change.apply()]


async def edit(bench: UpdateBench, *edits: Edit, **wish: object) -> list[StepProgress]:
    return await done(await planned(bench, *edits, **wish))


async def shown(bench: UpdateBench) -> dict[str, str]:
    """Variable to its value, or to the secret that it comes from."""
    found = await (await environments(bench)).read(KEY)
    return {row.name: row.source if row.is_secret else row.revealed for row in found.rows}


def held(bench: UpdateBench, name: str) -> str:
    """The value of that secret."""
    return bench.lab.account.secrets[tuple(name.split("."))].values["secret_string"]  # type: ignore[index]


def pieces(value: str) -> Iterator[str]:
    """The value, as SQL writes it, and any ten characters of it."""
    yield value
    yield value.replace("\\", "\\\\").replace("'", "''")
    yield from (value[at : at + 10] for at in range(len(value) - 9))
