"""The real program as a process, through the real connector, against a sandbox."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from support.program import SECONDS, Program, ended, line_with

if TYPE_CHECKING:
    from conftest import World

WORKER = "PREFECT_API_URL: http://127.0.0.1:1/api, PREFECT_WORK_POOL: spcs"


@pytest.fixture
def dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --check


async def test_a_healthy_fleet(world: World) -> None:
    await world.create("WEB")
    answer = await world.program.run("--check")
    assert answer.status == 0, answer.err
    head, row = answer.out.splitlines()
    assert head.split()[:3] == ["VERDICT", "SERVICE", "CONNECTION"]
    assert row.split()[:5] == ["healthy", "D.S.WEB", "dev", "RUNNING", "1/1"]
    assert answer.err == "healthy: 1 service\n"


async def test_each_verdict_has_its_exit_status(world: World) -> None:
    await world.create("WEB")
    await world.create("INGEST", env=WORKER)
    answer = await world.program.run("--check")
    assert (answer.status, answer.out.split()[10]) == (1, "degraded"), answer
    await world.create("LOOP", image="crash")
    await world.reaches("LOOP", "PENDING")
    answer = await world.program.run("--check", "--service", "WEB", "--service", "D.S.INGEST")
    assert answer.status == 1
    assert "LOOP" not in answer.out


async def test_suspended_is_fine_unless_it_has_to_run(world: World) -> None:
    await world.create("WEB")
    await world.lab.sql("ALTER SERVICE WEB SUSPEND")
    await world.reaches("WEB", "SUSPENDED")
    assert (await world.program.run("--check")).status == 0
    assert (await world.program.run("--check", "--require-running")).status == 2


async def test_json_says_everything(world: World, dead_port: int) -> None:
    world.connections(dev={}, dead={"port": dead_port}, wrong={"password": "no"})
    await world.create("WEB")
    answer = await world.program.run("--check", "--json")
    assert answer.status == 3
    report = json.loads(answer.out)
    assert (report["version"], report["verdict"], report["exit_status"]) == (1, "unknown", 3)
    assert report["summary"]["connections_failed"] == 2
    states = {c["name"]: (c["ok"], c["state"]) for c in report["connections"]}
    assert states == {
        "dev": (True, "connected"),
        "dead": (False, "unreachable"),
        "wrong": (False, "refused"),
    }
    assert all(c["next_step"] for c in report["connections"] if not c["ok"])
    (service,) = report["services"]
    assert (service["connection"], service["service"], service["verdict"]) == (
        "dev",
        "WEB",
        "healthy",
    )
    assert service["rule"] > 0
    assert service["reason"]
    assert 0 <= service["age_seconds"]["containers"] < SECONDS
    assert "swordfish" not in answer.out + answer.err


async def test_prometheus_text(world: World) -> None:
    await world.create("WEB")
    answer = await world.program.run("--check", "--prometheus")
    assert answer.status == 0
    labels = 'connection="dev",database="D",schema="S",service="WEB"'
    assert f'spcs_worker_service_health{{{labels},verdict="healthy"}} 1' in answer.out
    assert "spcs_worker_check_exit_status 0" in answer.out


async def test_narrowing_to_one_connection_asks_no_other(world: World, dead_port: int) -> None:
    world.connections(dev={}, dead={"port": dead_port})
    await world.create("WEB")
    assert (await world.program.run("--check", "--connection", "dev")).status == 0


async def test_waits_until_it_is_healthy(world: World) -> None:
    await world.create("WEB")
    await world.lab.sql("ALTER SERVICE WEB SUSPEND")
    await world.reaches("WEB", "SUSPENDED")
    waiting = ["--check", "--wait", "--require-running", "--interval", "1", "--timeout", "50"]
    async with ended(await world.program.start(*waiting)) as process:
        await line_with(process.stderr, ["broken", "1 service"])
        await world.lab.sql("ALTER SERVICE WEB RESUME")
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0


async def test_an_interrupt_ends_it_quietly(world: World) -> None:
    await world.create("INGEST", env=WORKER)
    waiting = ["--check", "--wait", "--interval", "1"]
    async with ended(await world.program.start(*waiting)) as process:
        await line_with(process.stderr, ["degraded"])
        process.send_signal(signal.SIGINT)
        out, talk = await asyncio.wait_for(process.communicate(), SECONDS)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in talk


async def test_a_defect_is_one_sentence_unless_details_are_asked_for(world: World) -> None:
    (world.program.home / "sitecustomize.py").write_text(
        "import spcs_worker_tui.adapters.connections as c\n"
        "def broken(*_): raise RuntimeError('what nobody thought of')\n"
        "c.read_connections = broken\n"
    )
    path = str(world.program.home)
    status, talk = await said(world.program, "--check", PYTHONPATH=path)
    assert status == 70
    assert talk.startswith("spcs-worker-tui: unexpected RuntimeError: what nobody thought of.")
    assert "SPCS_WORKER_TUI_DEBUG=1" in talk
    detailed = await world.program.run("--check", PYTHONPATH=path, SPCS_WORKER_TUI_DEBUG="1")
    assert "Traceback" in detailed.err


async def test_gives_up_waiting(world: World) -> None:
    await world.create("INGEST", env=WORKER)
    answer = await world.program.run("--check", "--wait", "--interval", "1", "--timeout", "2")
    assert answer.status == 1


# What can be wrong.


async def said(program: Program, *arguments: str, **variables: str) -> tuple[int, str]:
    """The exit status and the whole talk, which is short and no traceback."""
    answer = await program.run(*arguments, **variables)
    assert answer.out == ""
    assert "Traceback" not in answer.err
    return answer.status, answer.err


async def test_no_connections_at_all(program: Program) -> None:
    status, talk = await said(program, "--check")
    assert status == 64
    assert "there is no saved Snowflake connection" in talk
    assert "--sandbox" in talk


async def test_an_unknown_connection_name(world: World) -> None:
    status, talk = await said(world.program, "--check", "--connection", "dve")
    assert status == 64
    assert "there is no connection 'dve'" in talk
    assert "Did you mean dev? There are: dev." in talk


async def test_a_malformed_file(program: Program) -> None:
    file = program.home / "connections.toml"
    file.write_text("[dev\naccount = 1\n")
    file.chmod(0o600)
    status, talk = await said(program, "--check")
    assert status == 64
    assert "connections.toml" in talk


async def test_a_refused_login_and_a_dead_host_are_rows(world: World, dead_port: int) -> None:
    world.connections(wrong={"password": "no"}, dead={"port": dead_port})
    answer = await world.program.run("--check")
    assert answer.status == 3
    assert "Traceback" not in answer.err
    rows = answer.out.splitlines()[1:]
    assert [row.split()[2:4] for row in rows] == [["wrong", "refused"], ["dead", "unreachable"]]
    assert all(" -> " in row for row in rows)
    assert "2 of 2 connections failed" in answer.err


async def test_a_pattern_that_matches_nothing(world: World) -> None:
    await world.create("WEB")
    answer = await world.program.run("--check", "--service", "WEBB")
    assert answer.status == 3
    assert "matches 'WEBB'" in answer.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json"],
        ["--check", "--json", "--prometheus"],
        ["--check", "--timeout", "soon"],
        ["--check", "--timeout", "-1"],
        ["--check", "suspend", "X"],
        ["suspend"],
        ["--no-such-thing"],
        ["frobnicate"],
    ],
)
async def test_wrong_usage_is_64(program: Program, arguments: list[str]) -> None:
    status, talk = await said(program, *arguments)
    assert status == 64
    assert talk.startswith("usage: spcs-worker-tui")


async def test_the_dashboard_needs_a_terminal(world: World) -> None:
    status, talk = await said(world.program)
    assert status == 64
    assert "--check" in talk


async def test_a_reader_that_has_seen_enough(world: World) -> None:
    await world.create("WEB")
    async with ended(await world.program.start("--check", "--json")) as process:
        assert process.stdout is not None
        process.stdout._transport.close()  # type: ignore[attr-defined]
        assert process.stderr is not None
        talk = await process.stderr.read()
        status = await process.wait()
    assert (status, talk) == (141, b"")


async def test_help_and_version_import_nothing_heavy(program: Program) -> None:
    for option in ("--help", "--version"):
        answer = await program.run(option, PYTHONPROFILEIMPORTTIME="1")
        assert answer.status == 0
        assert answer.out.startswith(("usage: spcs-worker-tui", "spcs-worker-tui 0."))
        for heavy in ("textual", "snowflake", "httpx", "prefect.", "asyncio", "tomllib"):
            assert f" {heavy}" not in answer.err


# suspend and resume


async def test_a_dry_run_shows_the_plan_and_changes_nothing(world: World) -> None:
    await world.create("WEB")
    before = len(world.sandbox.statements)
    answer = await world.program.run("suspend", "web", "--dry-run")
    assert answer.status == 0, answer.err
    assert "ALTER SERVICE D.S.WEB SUSPEND" in answer.out
    assert "are billed until the pool suspends" in answer.out
    assert not any("SUSPEND" in text for text in world.sandbox.statements[before:])


async def test_suspends_and_resumes(world: World) -> None:
    service = await world.create("WEB")
    answer = await world.program.run("suspend", "D.S.WEB", "--yes")
    assert answer.status == 0, answer.err
    assert service.status == "SUSPENDED"
    assert "done: Wait until every instance has ended" in answer.err
    answer = await world.program.run("suspend", "D.S.WEB", "--yes")
    assert (answer.status, service.status) == (0, "SUSPENDED")
    assert "It is suspended already." in answer.out
    answer = await world.program.run("resume", "D.S.WEB", "--yes")
    assert answer.status == 0, answer.err
    assert service.status == "RUNNING"
    assert "RUNNING, 1 of 1 ready" in answer.err


async def test_nobody_to_ask_means_no(world: World) -> None:
    service = await world.create("WEB")
    answer = await world.program.run("suspend", "WEB")
    assert answer.status == 64
    assert "--yes" in answer.err
    assert service.status == "RUNNING"


async def test_a_missing_privilege_is_a_sentence(world: World) -> None:
    await world.create("WEB")
    world.lab.open_schema("WATCHER")
    world.lab.allow("WATCHER", world.lab.service("WEB").grants, privilege="MONITOR")
    world.connections(dev={"role": "WATCHER"})
    answer = await world.program.run("suspend", "WEB", "--yes")
    assert answer.status == 2
    assert "Insufficient privileges to operate on service" in answer.err
    assert "Traceback" not in answer.err


async def test_a_service_that_is_not_there(world: World) -> None:
    await world.create("WEB")
    status, talk = await said(world.program, "suspend", "WBE", "--yes")
    assert status == 64
    assert "there is no service 'WBE'" in talk
    assert "dev:D.S.WEB" in talk


# logs


async def test_the_last_lines_of_all_containers(world: World) -> None:
    await world.create("WEB")
    answer = await world.program.run("logs", "WEB")
    assert answer.status == 0, answer.err
    assert "main/0 " in answer.out
    assert "started" in answer.out
    stamped = (await world.program.run("logs", "WEB", "--timestamps")).out
    assert stamped.split()[0].endswith("Z")


async def test_following_until_interrupted(world: World) -> None:
    await world.create("TALK", image="chatty")
    async with ended(await world.program.start("logs", "TALK", "--follow")) as process:
        await line_with(process.stdout, ["main/0 line 20"])
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        rest = (await process.stdout.read()).decode().splitlines()
        assert await asyncio.wait_for(process.wait(), SECONDS) == 130
    numbers = [int(line.split()[-1]) for line in rest]
    assert numbers == list(range(21, 21 + len(numbers)))


async def test_bursts_are_followed_without_loss(world: World) -> None:
    await world.create("BUSY")
    numbers: list[int] = []
    async with ended(await world.program.start("logs", "BUSY", "--follow")) as process:
        assert process.stdout is not None
        await line_with(process.stdout, ["started"])
        for burst in (1, 2, 90, 120, 700, 1500, 3):
            first = len(numbers)
            world.write("BUSY", *(f"{n}" for n in range(first, first + burst)))
            while len(numbers) < first + burst:
                line = await asyncio.wait_for(process.stdout.readline(), SECONDS)
                numbers.append(int(line.split()[-1]))
        process.send_signal(signal.SIGINT)
        _, talk = await asyncio.wait_for(process.communicate(), SECONDS)
    assert numbers == list(range(len(numbers)))
    assert talk == b""


async def test_what_the_server_could_not_return_is_a_gap(world: World) -> None:
    await world.create("BUSY")
    async with ended(await world.program.start("logs", "BUSY", "--follow")) as process:
        await line_with(process.stdout, ["started"])
        world.write("BUSY", *(f"{n} {'x' * 200}" for n in range(2000)))
        await line_with(process.stderr, ["main/0: lines may be missing here"])
        first = (await line_with(process.stdout, ["xxx"])).split()[1]
        await line_with(process.stdout, ["1999 xxx"])
    assert int(first) > 1000


async def test_following_through_a_crash(world: World) -> None:
    await world.create("LOOP", image="crash")
    async with ended(await world.program.start("logs", "LOOP", "--follow")) as process:
        mark = await line_with(process.stderr, ["restart 2"])
        assert "exit code 3" in mark
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        out = (await process.stdout.read()).decode()
        await asyncio.wait_for(process.wait(), SECONDS)
    assert out.count("RuntimeError: boom") >= 1


async def test_following_ends_when_the_service_is_dropped(world: World) -> None:
    await world.create("WEB")
    async with ended(await world.program.start("logs", "WEB", "--follow")) as process:
        await line_with(process.stdout, ["started"])
        await world.lab.sql("DROP SERVICE WEB")
        await line_with(process.stderr, ["was dropped"])
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0
