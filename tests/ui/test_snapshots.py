"""What the dashboard looks like. `pytest tests/ui --snapshot-update` takes new pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from spcs_worker_tui.domain.errors import ConfigurationError, FleetError
from spcs_worker_tui.domain.plan import LAST_WORDS, Step, StepProgress, StepState
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.domain.wishes import RollBack
from spcs_worker_tui.ui.format import ASCII
from support import fleet as build
from support.console import ScriptedConsole, demo
from support.picture import picture as readme_picture
from support.screen import fleet_app, is_settled, ready, shows, still, until

Pictures = Callable[..., bool]

README_PICTURE = Path(__file__).parents[2] / "docs" / "dashboard.svg"


@pytest.fixture
def picture(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    """Compare the dashboard after those keys, once that text is there, with its picture."""

    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)  # a cursor that does not blink

    def compare(
        *keys: str,
        judged: JudgedFleet | None = None,
        size: tuple[int, int] = (120, 40),
        until_shown: str = "",
        open_console: Any = None,
        console: ScriptedConsole | None = None,
        **options: Any,
    ) -> bool:
        app = fleet_app(console or ScriptedConsole(judged or demo()), **options)
        if open_console is not None:
            app.link._open_console = open_console

        async def prepare(pilot: Any) -> None:
            await ready(pilot)
            for key in keys:
                await pilot.press(key)
            if until_shown:
                await until(pilot, lambda: shows(app, until_shown))
            await until(pilot, lambda: is_settled(app) and app.focused is not None)
            await until(
                pilot, lambda: all(f._cursor_visible for f in app.screen.query("Input:focus"))
            )
            await still(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=prepare))

    return compare


@pytest.mark.parametrize("theme", ["spcs-dark", "spcs-light"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_fleet(picture: Pictures, size: tuple[int, int], theme: str) -> None:
    assert picture("j", "j", "j", size=size, theme=theme, until_shown="INGEST")


def test_fleet_in_the_terminals_colours(picture: Pictures) -> None:
    assert picture(theme="spcs-terminal")


def test_fleet_in_ascii(picture: Pictures) -> None:
    assert picture(glyphs=ASCII)


def test_fleet_without_colours(picture: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture()


def test_trouble(picture: Pictures) -> None:
    assert picture("g", until_shown="Press enter to sign in")


async def test_the_picture_in_the_readme_is_this_dashboard() -> None:
    assert README_PICTURE.read_text(encoding="utf-8") == await readme_picture(), (
        "make it anew: PYTHONPATH=tests python -m support.picture docs/dashboard.svg"
    )


def test_no_connections(picture: Pictures) -> None:
    assert picture(judged=JudgedFleet(build.fleet(work_pools=[])))


def test_no_services(picture: Pictures) -> None:
    judged = JudgedFleet(build.fleet(connections=[build.connection("dev")], work_pools=[]))
    assert picture(judged=judged)


def test_cannot_start(picture: Pictures) -> None:
    async def refuse() -> None:
        raise ConfigurationError(
            "connections.toml, line 3: expected a value after '='",
            next_step="Open the file and mend that line.",
        )

    assert picture(open_console=refuse)


def test_filter(picture: Pictures) -> None:
    assert picture("slash", *"conn:prod", "enter", until_shown="3 of 6")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("enter", "Containers"),
        ("w", "Rule 9"),
        ("d", "auto_suspend_secs"),
        ("y", "spec digest"),
        ("l", "11:59:59.100"),
        ("question_mark", "What every key does"),
        ("s", "a letter sorts"),
        ("z", "ALTER SERVICE"),
    ],
)
def test_pages(picture: Pictures, key: str, shown: str) -> None:
    assert picture("j", key, until_shown=shown)


def test_plan_on_a_light_small_terminal(picture: Pictures) -> None:
    assert picture("z", size=(80, 24), theme="spcs-light", until_shown="ALTER SERVICE")


def test_applied(picture: Pictures) -> None:
    assert picture("z", "right", "enter", until_shown="✓ Done")


@pytest.mark.parametrize(
    ("keys", "shown", "size", "theme"),
    [
        ("u", "What its tags mean now", (80, 24), "spcs-light"),
        ("B", "deployed now", (120, 40), "spcs-dark"),
        ("B enter", "What will differ", (80, 24), "spcs-dark"),
        ("P", "Pause its work pool", (80, 24), "spcs-terminal"),
        ("b d", "ANALYTICS.PREFECT.INGEST on dev", (80, 24), "spcs-dark"),
        ("C", "Minimum", (80, 24), "spcs-dark"),
        ("K", "Keep in the keyring", (80, 24), "spcs-light"),
        ("e", "as deployed", (80, 24), "spcs-dark"),
        ("a", "Insufficient privileges", (120, 40), "spcs-light"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else None,
)
def test_dialogs(
    picture: Pictures, keys: str, shown: str, size: tuple[int, int], theme: str
) -> None:
    moves = ("j", "j", "j", "j")
    assert picture(*moves, *keys.split(), size=size, theme=theme, until_shown=shown)


def test_edited_variables(picture: Pictures) -> None:
    keys = ("j", "j", "j", "j", "e", "d", "j", "j", "v")
    assert picture(*keys, size=(80, 24), until_shown="1 edit, not made yet")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_deploy_under_way(picture: Pictures, size: tuple[int, int]) -> None:
    console = ScriptedConsole(demo())
    console.held["push"] = asyncio.Event()
    console.said = {
        "build": [say("Step 4/9 : COPY worker /app/worker", part="docker")],
        "push": [
            say(part="a1b2c3d4e5f6", done=8_400_000, total=8_400_000),
            say(part="0f1e2d3c4b5a", done=31_500_000, total=61_000_000),
            say("31.5 MB of 69.4 MB, 6.2 MB/s"),
        ],
    }
    keys = ("b", "d", "enter", "right", "enter")
    assert picture(*keys, size=size, until_shown="31.5 MB of 61.0 MB", console=console)


@pytest.mark.parametrize(("size", "theme"), [((80, 24), "spcs-light"), ((120, 40), "spcs-dark")])
def test_an_update_that_did_not_come_up(
    picture: Pictures, size: tuple[int, int], theme: str
) -> None:
    console = ScriptedConsole(demo())
    console.said = {
        "wait": [
            say(
                "FAILED on the new specification; worker: User application error", part="instance 0"
            ),
            say(
                "ERROR | PREFECT_API_URL is missing: set it to the API",
                part=f"{LAST_WORDS} worker/0",
            ),
        ]
    }
    console.failing["wait"] = FleetError(
        "container worker of instance 0 ended 3 times, exit code 78; its last words: ERROR | "
        "PREFECT_API_URL is missing: set it to the API",
        next_step="Roll back with: spcs-worker-tui rollback dev:INGEST --to previous",
    )
    console.back = RollBack(build.key("INGEST"))
    keys = ("j", "j", "j", "j", "u", "t", "right", "enter")
    assert picture(*keys, size=size, theme=theme, until_shown="Roll back ", console=console)


def test_the_smallest_terminal(picture: Pictures) -> None:
    assert picture("j", size=(20, 5))


def say(detail: str = "", **fields: Any) -> StepProgress:
    return StepProgress(Step("", ""), StepState.RUNNING, detail, **fields)
