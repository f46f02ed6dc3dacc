"""`doctor` as a process: its forms, its exit statuses, and `--fix`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from spcs_worker_tui.domain.doctor_registry import CHECKS
from support.patients import admit
from support.terminal import Terminal

SECONDS = 60
STATUS = {"healthy": 0, "degraded": 1, "broken": 2, "unknown": 3}
SWITCH_OFF = "ALTER SERVICE D.S.WORKER SET AUTO_SUSPEND_SECS = 0"


@pytest.fixture
async def sleeper(ward: Any) -> Any:
    """A worker that suspends itself."""
    await admit(ward, more="AUTO_SUSPEND_SECS = 600")
    return ward


def auto_suspend(world: Any) -> int:
    secs: int = world.lab.service("WORKER").auto_suspend_secs
    return secs


def problems(lines: Sequence[str]) -> set[str]:
    """The checks that found one."""
    rows = (line.split("\t") for line in lines)
    return {row[1] for row in rows if row[0] == "problem"}


async def test_as_json(sleeper: Any) -> None:
    answer = await sleeper.program.run("doctor", "--json")

    report = json.loads(answer.out)
    assert (answer.status, report["health"]) == (2, "broken")
    assert {one["check"] for one in report["findings"]} <= {check.id for check in CHECKS}
    (found,) = (one for one in report["findings"] if one["check"] == "auto-suspend")
    assert found["outcome"] == "problem"
    assert (found["connection"], found["service"]) == ("dev", "D.S.WORKER")
    assert found["cure"]["statements"] == [SWITCH_OFF]
    assert found["cure"]["can_be_applied"]
    assert found["page"] == "docs/troubleshooting.md#auto-suspend"
    assert answer.err.splitlines()[-1].startswith("broken: ")


async def test_the_exit_status_is_the_word(home: Any) -> None:
    await home.create("SVC")

    answer = await home.program.run("doctor", "--json")

    assert answer.status == STATUS[json.loads(answer.out)["health"]]
    assert answer.status != 2


async def test_into_a_pipe_each_finding_is_a_line(sleeper: Any) -> None:
    answer = await sleeper.program.run("doctor")

    rows = [line.split("\t") for line in answer.out.splitlines()]
    (row,) = (row for row in rows if row[1] == "auto-suspend")
    assert row[0] == "problem"
    assert row[2] == "dev:D.S.WORKER"
    assert row[4] == f"Switch it off. {SWITCH_OFF};"
    assert "\x1b" not in answer.out


@pytest.mark.parametrize(("columns", "words"), [(80, ()), (120, ("--all",))])
async def test_at_a_terminal(sleeper: Any, columns: int, words: tuple[str, ...]) -> None:
    argv = (sys.executable, "-m", "spcs_worker_tui.cli.main", "doctor", *words)

    def shown() -> str:
        environment = sleeper.program.environment(TERM="xterm")
        with Terminal(argv, environment, columns=columns, rows=100) as terminal:
            assert terminal.wait_exit(SECONDS) == 2
            return "\n".join(terminal.screen.display)

    text = await asyncio.to_thread(shown)

    assert "dev:D.S.WORKER" in text
    assert "problem" in text
    assert "auto-suspend: it suspends itself" in text
    assert SWITCH_OFF in text
    assert "doctor --fix` does it" in text
    assert ("network-rule: network rule D.S.PREFECT_API has" in text) is ("--all" in words)
    assert "network-rule" in text


async def test_a_dry_run_shows_the_plans_and_changes_nothing(sleeper: Any) -> None:
    answer = await sleeper.program.run("doctor", "--fix", "--dry-run")

    assert answer.status == 2
    assert "Keep D.S.WORKER from suspending itself" in answer.out
    assert auto_suspend(sleeper) == 600


async def test_nothing_is_mended_without_a_yes(sleeper: Any) -> None:
    answer = await sleeper.program.run("doctor", "--fix")

    assert answer.status == 64
    assert "there is nobody to ask" in answer.err
    assert auto_suspend(sleeper) == 600


async def test_what_can_be_mended_is_mended_and_looked_at_again(sleeper: Any) -> None:
    (sleeper.program.home / "connections.toml").chmod(0o640)

    answer = await sleeper.program.run("doctor", "--fix", "--yes")

    before, after = (part.splitlines() for part in answer.out.split(SWITCH_OFF + "\n"))
    assert "Looking again." in answer.err
    assert auto_suspend(sleeper) == 0
    assert {"connections-permissions", "auto-suspend"} <= problems(before)
    assert not {"connections-permissions", "auto-suspend"} & problems(after)


async def test_read_only_mends_nothing(sleeper: Any) -> None:
    answer = await sleeper.program.run("doctor", "--fix", "--yes", "--read-only")

    assert answer.status == 2
    assert "read-only" in answer.err
    assert auto_suspend(sleeper) == 600


async def test_a_no_at_the_terminal_is_a_no(sleeper: Any) -> None:
    argv = (sys.executable, "-m", "spcs_worker_tui.cli.main", "doctor", "--fix")

    def typed() -> None:
        with Terminal(argv, sleeper.program.environment(TERM="xterm")) as terminal:
            terminal.wait_for(r"\[y/N\]", SECONDS)
            terminal.send("n\n")
            assert terminal.wait_exit(SECONDS) == 2

    await asyncio.to_thread(typed)

    assert auto_suspend(sleeper) == 600


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--json", "--fix"), "--json and --fix do not go together"),
        (("--yes",), "--yes and --dry-run go with --fix"),
        (("--env", "nope"), "there is no spcs-worker.toml here or in a folder above"),
    ],
)
async def test_what_makes_no_sense_is_said(home: Any, words: tuple[str, ...], said: str) -> None:
    answer = await home.program.run("doctor", *words)

    assert answer.status == 64
    assert said in answer.err
