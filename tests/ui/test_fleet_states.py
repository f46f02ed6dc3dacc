"""What the fleet screen says when something is missing, late, or went wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    PrefectUnreachableError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import ConnectionState, ServiceKey
from spcs_worker_tui.domain.verdict import JudgedFleet
from support import fleet as build
from support.console import NOW, ScriptedConsole, demo, verdict
from support.pictures import without
from support.screen import fleet_app, opened, ready, seen, select, shows, until


async def test_no_connections_is_a_friendly_state() -> None:
    console = ScriptedConsole(JudgedFleet(build.fleet(work_pools=[])))
    async with opened(console) as pilot:
        assert shows(pilot.app, "No saved Snowflake connection was found")
        assert shows(pilot.app, "spcs-worker-tui --sandbox")
        console.show(demo())
        await until(pilot, lambda: shows(pilot.app, "NIGHTLY"))
        assert pilot.app.focused.id == "table"


async def test_no_services_says_which_role_sees_none() -> None:
    console = ScriptedConsole(JudgedFleet(build.fleet(connections=[build.connection("dev")])))
    async with opened(console) as pilot:
        assert shows(pilot.app, "No service is visible to OPERATOR on dev.")


async def test_connecting_is_said() -> None:
    opening = build.connection("dev", state=ConnectionState.CONNECTING)
    console = ScriptedConsole(JudgedFleet(build.fleet(connections=[opening])))
    async with opened(console) as pilot:
        assert shows(pilot.app, "Connecting to dev.")


async def test_a_console_that_cannot_be_opened_leaves_one_clear_panel() -> None:
    attempts = []
    console = ScriptedConsole(demo())

    async def refuse():
        attempts.append(1)
        if len(attempts) == 1:
            raise ConfigurationError("connections.toml, line 3: no value", next_step="Mend line 3.")
        return console

    app = fleet_app(console)
    app.link._open_console = refuse
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: shows(app, "connections.toml, line 3: no value"))
        assert shows(app, "Mend line 3.")
        assert not shows(app, "Traceback")
        await pilot.press("r")
        await until(pilot, lambda: shows(app, "NIGHTLY"))


@pytest.mark.parametrize("error", [ImportError("No module named 'x'"), PermissionError("denied")])
async def test_a_missing_part_is_a_panel_too(error: Exception) -> None:
    async def refuse():
        raise error

    app = fleet_app(ScriptedConsole())
    app.link._open_console = refuse
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: shows(app, str(error)))


async def test_refreshing_while_the_console_is_being_opened_does_not_open_two() -> None:
    console = ScriptedConsole(demo())
    opened_times = []
    gate = asyncio.Event()

    async def slow():
        opened_times.append(1)
        await gate.wait()
        return console

    app = fleet_app(console)
    app.link._open_console = slow
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: opened_times)
        assert shows(app, "Starting")
        await pilot.press("r", "r")
        gate.set()
        await until(pilot, lambda: shows(app, "NIGHTLY"))
    assert len(opened_times) == 1


async def test_a_bug_in_background_work_is_shown_and_ends_nothing_else() -> None:
    console = ScriptedConsole(demo())

    async def broken(key):
        raise TypeError("[/x] unexpected")

    console.plan = broken
    async with opened(console) as pilot:
        await pilot.press("z")
        await until(pilot, lambda: pilot.app._notifications)
        (toast,) = pilot.app._notifications
        assert toast.title == "A bug of the dashboard"
        assert toast.message == "TypeError: [/x] unexpected"
        console.show(without(demo(), "API"))
        await until(pilot, lambda: shows(pilot.app, "Services 5"))


async def test_r_watches_again_after_watching_stopped() -> None:
    console = ScriptedConsole(demo(), SnowflakeUnreachableError("The network is gone"))
    async with opened(console) as pilot:
        await until(pilot, lambda: pilot.app._notifications)
        console.show(without(demo(), "API"))
        await pilot.press("r")
        await until(pilot, lambda: shows(pilot.app, "Services 5"))


async def test_watching_that_stops_says_so_and_keeps_the_picture() -> None:
    console = ScriptedConsole(demo(), SnowflakeUnreachableError("The network is gone"))
    async with opened(console) as pilot:
        await until(pilot, lambda: pilot.app._notifications)
        assert shows(pilot.app, "NIGHTLY")


async def test_an_unreachable_connection_is_a_line_and_its_rows_are_old() -> None:
    error = SnowflakeUnreachableError("prod does not answer", next_step="Trying again in 8 s.")
    lost = build.connection(
        "prod",
        [build.service("FAR", connection="prod", seen=300)],
        state=ConnectionState.UNREACHABLE,
        error=error,
        observed_at=build.ago(300),
    )
    judged = JudgedFleet(build.fleet(build.service("NEAR"), connections=[lost]))
    async with opened(ScriptedConsole(judged)) as pilot:
        assert shows(pilot.app, "✗ unreachable  prod  prod does not answer")
        assert shows(pilot.app, "Trying again in 8 s.")
        assert any("FAR" in line and "5m" in line for line in seen(pilot.app))


async def test_prefect_that_never_answered_says_so_in_the_workers_pane() -> None:
    service = build.service()
    snapshot = build.fleet(
        service,
        work_pools_seen=None,
        work_pools_error=PrefectUnreachableError(
            "The Prefect server is starting", next_step="Wait a few seconds."
        ),
    )
    judged = JudgedFleet(snapshot, {service.key: verdict()})
    async with opened(ScriptedConsole(judged)) as pilot:
        assert shows(pilot.app, "Prefect at 127.0.0.1:4200: The Prefect server")
        assert shows(pilot.app, "Wait a few seconds.")
        assert shows(pilot.app, "unreachable")


async def test_ages_tick_without_a_new_picture() -> None:
    moment = [NOW]
    async with opened(ScriptedConsole(demo()), now=lambda: moment[0]) as pilot:
        await select(pilot, "INGEST")
        assert any("INGEST" in line and " 12s " in line for line in seen(pilot.app))
        moment[0] = NOW + timedelta(seconds=3)
        await until(
            pilot, lambda: any("INGEST" in line and " 15s " in line for line in seen(pilot.app))
        )
        assert any("ingest.0" in line and " 15s " in line for line in seen(pilot.app))


async def test_which_workers_are_this_services() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await select(pilot, "REPORTS")
        await until(pilot, lambda: shows(pilot.app, "Workers reports"))
        assert sum("▌" in line for line in seen(pilot.app)) == 2


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60), (40, 12)])
async def test_every_size_draws_to_its_edges(size: tuple[int, int]) -> None:
    async with opened(ScriptedConsole(demo()), size=size) as pilot:
        lines = seen(pilot.app)
        assert len(lines) == size[1]
        assert {len(line) for line in lines} == {size[0]}
        assert "Help" in lines[-1]


async def test_service_pages_and_back() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await select(pilot, "CRASHING")
        await pilot.press("w")
        await until(pilot, lambda: shows(pilot.app, "Rule 9"))
        for key, text in (("d", "compute pool"), ("y", "spec digest"), ("1", "Containers")):
            await pilot.press(key)
            await until(pilot, lambda text=text: shows(pilot.app, text))
        await pilot.press("full_stop")
        await until(pilot, lambda: shows(pilot.app, "Rule 9"))
        await pilot.press("c")
        assert "Restart loop: 7 restarts" in pilot.app.clipboard
        await pilot.press("l")
        await until(pilot, lambda: shows(pilot.app, "Connection to warehouse LOAD_WH"))
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot.app, "SERVICE"))
        assert pilot.app.selected == ServiceKey("prod", "ANALYTICS", "PREFECT", "CRASHING")
