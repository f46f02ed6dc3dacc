"""What is shown of the selected row follows at once when rows come and go, and when it is left."""

from __future__ import annotations

import pytest

from spcs_worker_tui.ui.messages import RowHighlighted
from spcs_worker_tui.ui.screens.fleet import FleetScreen
from support.console import ScriptedConsole, demo
from support.screen import opened, shows, until


async def test_a_row_that_a_filter_hid_for_a_moment_is_shown_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("slash", *"zz")
        await until(pilot, lambda: shows(pilot.app, "hidden by the filter"))
        monkeypatch.setattr(FleetScreen, "_tick", lambda _: None)
        await pilot.press("backspace", "backspace")
        await pilot.pause()
        assert not shows(pilot.app, "hidden by the filter"), "it does not wait for a second"


async def test_a_log_that_was_left_for_a_moment_is_there_once() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("j", "j", "j")
        log = pilot.app.desk.log
        await until(pilot, lambda: list(log.events) == list(console.log))
        here = pilot.app.selected
        await pilot.press("k")
        # Both are in the queue before anything can be asked anew.
        pilot.app.post_message(RowHighlighted(here))
        console.more_log.put_nowait(tuple(console.log[:1]))
        await until(pilot, lambda: len(console.selected) > 1 and console.selected[-1] == here)
        await until(pilot, lambda: len(list(log.events)) >= len(console.log))
        assert list(log.events)[: len(console.log)] == list(console.log)
