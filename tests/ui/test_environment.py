"""The environment editor: collects edits, hides what looks like a key, ends in one plan."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.widgets import Button, Input, TextArea

from spcs_worker_tui.domain.environment import (
    EditEnvironment,
    EnvironmentRow,
    RenameVariable,
    ServiceEnvironment,
    SetSecret,
    SetVariable,
    UnsetVariable,
    UseSecret,
)
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.spec_document import Variable
from spcs_worker_tui.ui.environment_view import variable_rows
from spcs_worker_tui.ui.modals.form import FormModal
from spcs_worker_tui.ui.modals.plan import PlanModal
from spcs_worker_tui.ui.screens.environment import EnvironmentScreen
from support import fleet as build
from support.console import ScriptedConsole, demo
from support.screen import opened, seen, select, shows, until

INGEST = build.key("INGEST")
TOKEN = "pnu_" + "1234567890" * 4


async def edit(pilot) -> None:
    await select(pilot, "INGEST")
    await pilot.press("e")
    await until(pilot, lambda: isinstance(pilot.app.screen, EnvironmentScreen))
    await until(pilot, lambda: shows(pilot.app, "PREFECT_LOGGING_LEVEL"))


async def fill(pilot, **values: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, FormModal))
    for name, value in values.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = value
    hand_in(pilot)
    await pilot.pause()


def hand_in(pilot) -> None:
    """Press the button wherever it is by now: a sentence that comes moves it."""
    pilot.app.screen.query_one("#ok", Button).press()


async def planned(pilot, console: ScriptedConsole) -> EditEnvironment:
    await pilot.press("s")
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
    wish = console.wishes[-1]
    assert isinstance(wish, EditEnvironment)
    assert wish.spec_digest == "digest-1"
    return wish


async def test_the_table_shows_where_each_comes_from_and_hides_keys() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await edit(pilot)
        lines = "\n".join(seen(pilot.app))
        assert "INFO" in lines
        assert "(hidden)" in lines
        assert "secret D.S.KEY" in lines
        assert TOKEN not in lines


async def test_a_value_is_revealed_only_on_demand_and_hidden_again() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await edit(pilot)
        await pilot.press("j", "j", "v")
        await until(pilot, lambda: shows(pilot.app, TOKEN[:20]))
        await pilot.press("v")
        await until(pilot, lambda: not shows(pilot.app, TOKEN[:20]))
        await pilot.press("j", "v")
        await until(pilot, lambda: pilot.app._notifications)
        (toast,) = pilot.app._notifications
        assert "cannot be read back" in toast.message


async def test_all_kinds_of_edits_end_in_one_plan() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await edit(pilot)
        await pilot.press("enter")
        await fill(pilot, value="DEBUG")
        await pilot.press("j", "n")
        await fill(pilot, name="AWS_REGION")
        await pilot.press("j", "d")
        await until(pilot, lambda: shows(pilot.app, "3 edits, not made yet"))
        await pilot.press("a")
        await fill(pilot, name="BATCH", value="100")
        await pilot.press("A")
        await fill(pilot, name="DB_PASSWORD", value="hunter2hunter2")
        await pilot.press("u")
        await fill(pilot, name="OTHER", secret="D.S.OTHER")
        await until(pilot, lambda: shows(pilot.app, "6 edits, not made yet"))
        assert not any("hunter2" in line for line in seen(pilot.app))
        wish = await planned(pilot, console)
        assert wish.edits == (
            SetVariable("PREFECT_LOGGING_LEVEL", "DEBUG", "worker"),
            RenameVariable("REGION", "AWS_REGION", "worker"),
            UnsetVariable("OLD_TOKEN", "worker"),
            SetVariable("BATCH", "100", ""),
            SetSecret("DB_PASSWORD", Secret("hunter2hunter2"), ""),
            UseSecret("OTHER", "D.S.OTHER", "worker"),
        )
        assert not console.applied


async def test_undo_takes_back_and_leaving_asks_while_there_are_edits() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await edit(pilot)
        await pilot.press("d", "j", "d")
        await until(pilot, lambda: shows(pilot.app, "2 edits, not made yet"))
        await pilot.press("z")
        await until(pilot, lambda: shows(pilot.app, "1 edit, not made yet"))
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot.app, "1 edit would be lost"))
        await pilot.press("enter")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
        await pilot.press("z", "escape")
        await until(pilot, lambda: shows(pilot.app, "Services 6"))
        assert not console.wishes


async def test_pasted_lines_are_taken_without_being_shown() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await edit(pilot)
        pilot.app.post_message(events.Paste(f"BATCH=7\nexport API_TOKEN='{TOKEN}'\n"))
        await until(pilot, lambda: shows(pilot.app, "2 edits, not made yet"))
        assert not any(TOKEN[:12] in line for line in seen(pilot.app))
        assert any("API_TOKEN" in line and "secret" in line for line in seen(pilot.app))
        wish = await planned(pilot, console)
        assert wish.edits == (
            SetVariable("BATCH", "7", "worker"),
            SetVariable("API_TOKEN", TOKEN, "worker"),
        )


async def test_lines_that_are_none_are_refused_and_nothing_of_them_is_taken() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await edit(pilot)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormModal))
        pilot.app.screen.query_one(TextArea).text = "GOOD=1\nnot a line\n"
        hand_in(pilot)
        await until(pilot, lambda: shows(pilot.app, "line 2: this is not NAME=VALUE"))
        pilot.app.screen.query_one(TextArea).text = "GOOD=1\n"
        hand_in(pilot)
        await until(pilot, lambda: shows(pilot.app, "1 edit, not made yet"))


async def test_a_file_is_imported_and_one_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "some.env"
    file.write_text("# comment\nBATCH=7\n")
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await edit(pilot)
        await pilot.press("i")
        await fill(pilot, path="none.env")
        await until(pilot, lambda: shows(pilot.app, "none.env cannot be read"))
        await fill(pilot, path="some.env")
        await until(pilot, lambda: shows(pilot.app, "1 edit, not made yet"))
        assert (await planned(pilot, console)).edits == (SetVariable("BATCH", "7", "worker"),)


@pytest.mark.parametrize("name", ["1ST", "WITH SPACE", "", "SNOWFLAKE_HOST"])
async def test_an_illegal_name_is_refused_in_the_form(name: str) -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await edit(pilot)
        await pilot.press("a")
        await fill(pilot, name=name, value="x")
        assert isinstance(pilot.app.screen, FormModal)
        assert shows(pilot.app, "is no name of") or shows(pilot.app, "is set by Snowflake")


async def test_the_editor_closes_once_its_plan_is_made_true() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await edit(pilot)
        await pilot.press("d")
        await planned(pilot, console)
        await pilot.press("right", "enter")
        await until(pilot, lambda: shows(pilot.app, "✓ Done"))
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot.app, "Services 6"))
        assert len(console.applied) == 1


async def test_a_cancelled_plan_keeps_the_edits() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await edit(pilot)
        await pilot.press("d")
        await planned(pilot, console)
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot.app, "1 edit, not made yet"))


NAMES = st.sampled_from(["A", "B", "C"])
EDITS = st.lists(
    st.one_of(
        st.builds(SetVariable, NAMES, st.just("1")),
        st.builds(SetSecret, NAMES, st.just(Secret("x"))),
        st.builds(UseSecret, NAMES, st.just("S")),
        st.builds(UnsetVariable, NAMES),
        st.builds(RenameVariable, NAMES, st.sampled_from(["D", "E"])),
    ),
    max_size=8,
)


@given(EDITS)
def test_no_secret_value_is_ever_in_a_row(edits) -> None:
    rows = (EnvironmentRow("worker", Variable("A", "0")),)
    found = ServiceEnvironment(INGEST, "1", ("worker",), rows)
    for row in variable_rows(found, edits):
        assert row.value in {"0", "1", ""}
        assert not (row.is_secret and row.value)
