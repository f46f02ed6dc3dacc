"""The log: exact, bounded, still for a reader, and never in the way of the keys."""

from __future__ import annotations

from spcs_worker_tui.domain.log import LogLine, LogNotice, LogSource
from spcs_worker_tui.ui.log_store import LIMIT
from spcs_worker_tui.ui.widgets.log_view import LogView
from support.console import ScriptedConsole, demo
from support.screen import opened, select, shows, until

SOURCE = LogSource(0, "worker")


def numbered(first: int, last: int, text: str = "line") -> list[LogLine]:
    return [
        LogLine(SOURCE, number * 1_000_000, f"{text} {number}.") for number in range(first, last)
    ]


async def grow(pilot, console: ScriptedConsole, events) -> None:
    end = pilot.app.desk.log.end + len(events)
    console.more_log.put_nowait(events)
    await until(pilot, lambda: pilot.app.desk.log.end == end)
    await until(pilot, lambda: pilot.app._log_paint is None)


def log_of(pilot) -> LogView:
    return pilot.app.screen.query_one(LogView)


async def test_it_follows_the_newest_line() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 100))
    async with opened(console) as pilot:
        await until(pilot, lambda: shows(pilot.app, "line 99."))
        assert shows(pilot.app, "following")
        await grow(pilot, console, numbered(100, 300))
        assert shows(pilot.app, "line 299.")


async def test_all_marks_are_shown_in_order() -> None:
    async with opened(ScriptedConsole(demo()), size=(160, 50)) as pilot:
        await until(
            pilot, lambda: shows(pilot.app, "lines are missing, 11:59:56.000 to 11:59:58.000")
        )
        assert shows(pilot.app, "worker/1 restarted at 11:59:58, restart 3, exit code 137")
        assert shows(pilot.app, "· The last 6 lines of before")


async def test_a_reader_who_scrolled_up_is_left_in_peace() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 200))
    async with opened(console) as pilot:
        await until(pilot, lambda: shows(pilot.app, "line 199."))
        await pilot.press("2", "pageup")
        await until(pilot, lambda: shows(pilot.app, "paused"))
        top = log_of(pilot).scroll_offset.y
        await grow(pilot, console, numbered(200, 250))
        assert shows(pilot.app, "paused, 50 waiting")
        assert log_of(pilot).scroll_offset.y == top
        assert not shows(pilot.app, "line 249.")
        await pilot.press("f")
        await until(pilot, lambda: shows(pilot.app, "line 249."))
        assert shows(pilot.app, "following")


async def test_space_holds_and_lets_go() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 3))
    async with opened(console) as pilot:
        await pilot.press("2", "space")
        await grow(pilot, console, numbered(3, 6))
        assert shows(pilot.app, "paused, 3 waiting")
        assert not pilot.app.is_paused, "in the log, space is about the log"
        await pilot.press("space")
        await until(pilot, lambda: shows(pilot.app, "line 5."))


async def test_coming_back_to_the_end_follows_again() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 200))
    async with opened(console) as pilot:
        await pilot.press("2", "pageup")
        await until(pilot, lambda: shows(pilot.app, "paused"))
        await pilot.press("G")
        await until(pilot, lambda: shows(pilot.app, "following"))


async def test_what_was_dropped_while_paused_is_said() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 100))
    async with opened(console) as pilot:
        await pilot.press("2", "space")
        await grow(pilot, console, numbered(100, 100 + LIMIT + 10))
        await pilot.press("f", "g")
        await pilot.pause()
        texts = [event.text for event in log_of(pilot)._events if isinstance(event, LogNotice)]
        assert texts == ["10 lines came meanwhile and are kept no more"]


async def test_it_is_bounded() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 10))
    async with opened(console) as pilot:
        for start in range(10, 20_010, 2_000):
            await grow(pilot, console, numbered(start, start + 2_000))
        assert log_of(pilot).line_count <= LIMIT + 1_000
        assert len(list(pilot.app.desk.log.events)) == LIMIT
        assert shows(pilot.app, "line 20009.")


async def test_toggles_change_nothing_else() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 50, "w" * 300))
    async with opened(console) as pilot:
        await pilot.press("2")
        log = log_of(pilot)
        before = [event.text for event in log._events]
        wrapped = log.line_count
        assert wrapped > 50
        await pilot.press("w")
        assert log.line_count == 50
        await pilot.press("w")
        assert log.line_count == wrapped
        assert shows(pilot.app, "49.")
        await pilot.press("t")
        assert not shows(pilot.app, "00:00:00")
        await pilot.press("t", "w")
        assert log.line_count == 50
        assert [event.text for event in log._events] == before
        assert log.is_following


async def test_another_service_starts_an_empty_log() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 20))
    async with opened(console) as pilot:
        await until(pilot, lambda: shows(pilot.app, "line 19."))
        console.log = [LogNotice("Suspended: there is nothing to read")]
        await select(pilot, "API")
        await until(pilot, lambda: shows(pilot.app, "Suspended: there is nothing to read"))
        assert not shows(pilot.app, "line 19.")


async def test_the_full_screen_shows_the_same_log() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 20))
    async with opened(console) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: shows(pilot.app, "00:00:00.019 worker/0  line 19."))
        await grow(pilot, console, numbered(20, 30))
        await until(pilot, lambda: shows(pilot.app, "line 29."))
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot.app, "line 29.") and shows(pilot.app, "SERVICE"))


async def test_copy_takes_all_that_is_kept() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 200))
    async with opened(console) as pilot:
        await pilot.press("2", "c")
        assert pilot.app.clipboard.count("\n") == 199
        assert pilot.app.clipboard.endswith("line 199.")


async def test_selected_text_is_copied_and_holds_the_log() -> None:
    console = ScriptedConsole(demo(), log=numbered(0, 5))
    async with opened(console) as pilot:
        log = log_of(pilot)
        await pilot.mouse_down(log, offset=(1, 1))
        await pilot.hover(log, offset=(30, 2))
        await pilot.mouse_up(log, offset=(30, 2))
        await until(pilot, pilot.app.screen.get_selected_text)
        assert "line 1." in pilot.app.screen.get_selected_text()
        await grow(pilot, console, numbered(5, 9))
        assert log.waiting == 4
        await pilot.press("ctrl+c")
        assert "line 1." in pilot.app.clipboard
        assert not pilot.app._exit
