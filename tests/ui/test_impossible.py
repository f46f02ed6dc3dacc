"""A key that can do nothing for the selected row says why."""

from __future__ import annotations

import dataclasses

import pytest

from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.ui.messages import FleetJudged, RowHighlighted
from spcs_worker_tui.ui.rows import ConnectionKey
from support import fleet as build
from support.console import ScriptedConsole, demo
from support.screen import opened, select, shows, until

INGEST = build.key("INGEST")


def with_service(judged: JudgedFleet, **changes: object) -> JudgedFleet:
    """The same fleet with INGEST changed; without changes, without it."""
    connections = []
    for connection in judged.snapshot.connections:
        services = [
            dataclasses.replace(service, **changes) if service.key == INGEST else service
            for service in connection.services
            if changes or service.key != INGEST
        ]
        connections.append(dataclasses.replace(connection, services=tuple(services)))
    snapshot = dataclasses.replace(judged.snapshot, connections=tuple(connections))
    return JudgedFleet(snapshot, judged.verdicts)


async def on_ingest(pilot, judged: JudgedFleet) -> None:
    await select(pilot, "INGEST")
    pilot.app.post_message(FleetJudged(judged))
    await until(pilot, lambda: pilot.app.judged is judged)


@pytest.mark.parametrize("key", ["z", "u", "e", "P"])
async def test_a_service_that_was_just_dropped(key: str) -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await on_ingest(pilot, with_service(demo()))
        await pilot.press(key)
        await until(pilot, lambda: shows(pilot.app, "INGEST on dev is gone"))
        # The sentence of the detail line, and the answer to the key.
        await until(pilot, lambda: len(pilot.app._notifications) == 1)
        assert not console.wishes


@pytest.mark.parametrize(
    ("key", "changes", "words"),
    [
        ("z", {"status": ServiceStatus.SUSPENDING}, "INGEST is being suspended already"),
        ("z", {"status": ServiceStatus.DELETING}, "INGEST is being dropped"),
        ("R", {"is_job": True}, "INGEST is a job"),
        ("P", {"binding": None}, "It is not known which work pool"),
    ],
)
async def test_a_service_for_which_it_cannot_be(
    key: str, changes: dict[str, object], words: str
) -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await on_ingest(pilot, with_service(demo(), **changes))
        await pilot.press(key)
        await until(pilot, lambda: shows(pilot.app, words))
        assert not console.wishes


async def test_a_connection_is_no_service() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        pilot.app.post_message(RowHighlighted(ConnectionKey("lab")))
        await until(pilot, lambda: pilot.app.selected == ConnectionKey("lab"))
        await pilot.press("z")
        await until(pilot, lambda: shows(pilot.app, "lab is a connection, not a service"))
