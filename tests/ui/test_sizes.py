"""The terminal gets another size, also many of them one after the other."""

from __future__ import annotations

from textual import events
from textual.geometry import Size

from spcs_worker_tui.ui.modals.plan import PlanModal
from support.console import ScriptedConsole, demo
from support.screen import opened, select, until

BEFORE = Size(16, 3)
LAST = Size(60, 20)


async def test_a_size_that_comes_late_is_not_the_one_that_stays() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("z")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
        await pilot.resize_terminal(*LAST)
        dialog = pilot.app.screen
        sizes: list[Size] = []
        dialog.screen_layout_refresh_signal.subscribe(
            dialog, lambda _: sizes.append(dialog.outer_size)
        )
        dialog.post_message(events.Resize(BEFORE, BEFORE))
        await until(pilot, lambda: BEFORE in sizes)
        await until(pilot, lambda: dialog.outer_size == LAST)
