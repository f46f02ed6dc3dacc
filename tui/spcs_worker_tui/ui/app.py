"""The dashboard's application: holds the picture, and is the only one to talk to the console.

One way: console -> message -> reactive -> screens -> widgets. The console is opened after the
first frame was painted, so that nobody waits for an import before something is on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import App, SystemCommand
from textual.reactive import reactive
from textual.worker import Worker, WorkerState

from spcs_worker_tui.domain.errors import FleetError, KeyMissingError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.text import in_sentences, one_line
from spcs_worker_tui.ui import notes
from spcs_worker_tui.ui import theme as themes
from spcs_worker_tui.ui.bindings import APP, keymap_problems
from spcs_worker_tui.ui.changing_app import ChangingApp
from spcs_worker_tui.ui.commands import DashboardCommands
from spcs_worker_tui.ui.desk import Desk, find_row
from spcs_worker_tui.ui.format import UNICODE, Glyphs
from spcs_worker_tui.ui.link import ConsoleLink
from spcs_worker_tui.ui.messages import (
    ConsoleFailed,
    ConsoleOpened,
    FleetJudged,
    LogArrived,
    PageAsked,
    RowHighlighted,
    SignInAsked,
)
from spcs_worker_tui.ui.possible import PROJECT, can, obstacle
from spcs_worker_tui.ui.rows import ConnectionRow, Row, RowKey, ServiceRow
from spcs_worker_tui.ui.screens.fleet import FleetScreen
from spcs_worker_tui.ui.type_ahead import TypeAhead

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.command import Provider
    from textual.screen import Screen
    from textual.timer import Timer

    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.ui.changing_app import Examine
    from spcs_worker_tui.ui.link import OpenConsole

PAINT_LOG_EVERY = 0.22
"""Seconds between two paints of a log that grows: painting is what a busy log costs."""
FOLLOW_AFTER = 0.15
"""Seconds that the cursor rests on a row before its log is asked for."""
QUIT_WITHIN = timedelta(seconds=2)


def utc_now() -> datetime:
    """Our own clock."""
    return datetime.now(UTC)


class FleetApp(ChangingApp):
    """The dashboard.

    Args:
        open_console: Makes the console. Called after the first frame, and again when the user
            retries; whatever is slow to import it imports in a thread. Raises `FleetError`.
        theme: `spcs-dark`, `spcs-light` or `spcs-terminal`.
        now: Our own clock, aware and in UTC.
        zone: The reader's time zone; None is the machine's.
        glyphs: What signs to draw with.
        keymap: Keys by binding id, where the user wants others than ours.
        examine_alone: Looks for what is wrong where no console could be opened.
    """

    TITLE = "spcs-worker-tui"
    # Textual does not load the style sheet of a default screen; that of any other it does.
    CSS_PATH = "screens/fleet.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*APP]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {
        App.COMMANDS.copy().pop(),
        DashboardCommands,
    }

    judged: reactive[JudgedFleet | None] = reactive(None, init=False, always_update=True)
    """The picture that is shown."""
    selected: reactive[RowKey | None] = reactive(None, init=False)
    """The row that actions are about, whether it is still there or not."""
    is_paused: reactive[bool] = reactive(default=False, init=False)
    """The picture is held still; newer ones wait."""
    failure: reactive[FleetError | None] = reactive(None, init=False)
    """Why there is no console."""
    read_only: reactive[ReadOnly] = reactive(ReadOnly(), init=False)
    """Where nothing may be changed."""

    def __init__(
        self,
        open_console: OpenConsole,
        *,
        theme: str = themes.DARK,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        glyphs: Glyphs = UNICODE,
        keymap: Mapping[str, str] | None = None,
        examine_alone: Examine | None = None,
    ) -> None:
        super().__init__()
        for builtin in list(self.available_themes):
            self.unregister_theme(builtin)
        for own in themes.THEMES:
            self.register_theme(own)
        self.theme = theme
        self.desk = Desk(now, zone, glyphs)
        self.link = ConsoleLink(self, open_console)
        self.examine_alone = examine_alone
        self._held: JudgedFleet | None = None
        self._user_keymap = dict(keymap or {})
        self._log_paint: Timer | None = None
        self._follow_soon: Timer | None = None
        self._last_interrupt: datetime | None = None
        self.wants_set_up = False
        self._type_ahead = TypeAhead(self, super().on_event)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our tokens, known in every style sheet."""
        return dict(themes.DEFAULT_TOKENS)

    def get_default_screen(self) -> Screen[Any]:
        """The fleet."""
        return FleetScreen(self.desk).data_bind(
            FleetApp.judged,
            FleetApp.selected,
            FleetApp.is_paused,
            FleetApp.failure,
            FleetApp.read_only,
        )

    def on_mount(self) -> None:
        """Take the user's keys; open the console once something is on the screen."""
        if problems := keymap_problems(self._user_keymap):
            self._user_keymap = {}
            text = "; ".join(problems)
            self.notify(f"The keymap is not used: {text}", severity="warning", markup=False)
        self.set_keymap(self._user_keymap)
        self.call_after_refresh(self.link.open)

    async def on_unmount(self) -> None:
        """Nothing that was started outlives the dashboard."""
        await self.link.close()

    async def on_event(self, event: events.Event) -> None:
        """Keys one at a time; everything else as it comes."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._type_ahead.add(event)
        else:
            await super().on_event(event)

    # From the console

    @on(ConsoleOpened)
    def _console_opened(self) -> None:
        self.failure = None
        self.read_only = self.link.read_only

    @on(ConsoleFailed)
    def _console_failed(self, event: ConsoleFailed) -> None:
        if self.judged is None:
            self.failure = event.error
        else:
            text = in_sentences(event.error.message, event.error.next_step)
            self.notify(text, title="Watching stopped", severity="error", markup=False, timeout=30)

    @on(FleetJudged)
    def _fleet_judged(self, event: FleetJudged) -> None:
        self.desk.history.observe(event.judged)
        if self.is_paused:
            self._held = event.judged
            return
        self._show(event.judged)

    def _show(self, judged: JudgedFleet) -> None:
        could = self._can()
        self.judged = judged
        if self._can() != could:
            self.screen.refresh_bindings()

    def _can(self) -> tuple[bool, ...]:
        """What decides which keys are dimmed: asking this is cheaper than drawing them."""
        return isinstance(self.selected_row(), ServiceRow), *self.can_change()

    @on(LogArrived)
    def _log_arrived(self, event: LogArrived) -> None:
        if event.run != self.link.log_run:
            return
        self.desk.log.append(event.events)
        if self._log_paint is None:
            self._log_paint = self.set_timer(PAINT_LOG_EVERY, self._paint_log)

    def _paint_log(self) -> None:
        self._log_paint = None
        for screen in self.screen_stack:
            if screen.is_current and (grew := getattr(screen, "log_grew", None)) is not None:
                grew()

    # From the reader

    @on(RowHighlighted)
    def _row_highlighted(self, event: RowHighlighted) -> None:
        if event.key == self.selected:
            return
        could = self._can()
        self.selected = event.key
        service = event.key if isinstance(event.key, ServiceKey) else None
        self.link.stop_log()
        self.desk.log.start(service)
        self._paint_log()
        if self._can() != could:
            self.screen.refresh_bindings()
        if self._follow_soon is not None:
            self._follow_soon.stop()
        self._follow_soon = self.set_timer(FOLLOW_AFTER, self._follow_selected)

    def _follow_selected(self) -> None:
        """Watch more closely what the cursor rests on."""
        self._follow_soon = None
        self.link.select(self.selected if isinstance(self.selected, ServiceKey) else None)

    @on(PageAsked)
    def _page_asked(self, event: PageAsked) -> None:
        from spcs_worker_tui.ui.screens.service import ServiceScreen  # noqa: PLC0415 - as below

        screen = ServiceScreen(self.desk, event.page).data_bind(
            FleetApp.judged,
            FleetApp.selected,
            FleetApp.is_paused,
            FleetApp.failure,
            FleetApp.read_only,
        )
        self.push_screen(screen)

    @on(SignInAsked)
    def _sign_in_asked(self, event: SignInAsked) -> None:
        row = self.selected_row()
        if isinstance(row, ConnectionRow) and isinstance(row.connection.error, KeyMissingError):
            self.action_change("key")
        else:
            self.link.sign_in(event.connection)

    @property
    def picture(self) -> JudgedFleet | None:
        """The picture that is shown."""
        return self.judged

    def selected_row(self) -> Row | None:
        """The selected row, if it is still there."""
        return find_row(self.judged, self.selected)

    def why_not(self, what: str) -> str:
        """Why that cannot be asked for of the selected row; empty where it can be."""
        row = self.selected_row()
        if row is None and self.selected is not None and what not in PROJECT:
            return notes.gone(self.selected, is_hidden=False)
        return obstacle(what, row)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done to the selected row is dimmed."""
        if action == "change":
            if self.judged is None or not self.judged.snapshot.connections:
                return False
            return can(str(parameters[0]), self.selected_row()) or None
        if action == "progress":
            return bool(self.runs) or None
        return True

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A bug in background work is shown as one, and ends only that piece of work."""
        if event.state is WorkerState.ERROR:
            bug = event.worker.error
            text = one_line(f"{type(bug).__name__}: {bug}")
            title = "A bug of the dashboard"
            self.notify(text, title=title, severity="error", markup=False, timeout=30)

    def action_set_up(self) -> None:
        """Leave for the wizard; not while a change is under way, which that would stop."""
        if self.running:
            self.notify("A change is under way: wait for its end", markup=False, timeout=5)
            return
        self.wants_set_up = True
        self.exit()

    def action_refresh_now(self) -> None:
        """Look again; after a failure to open, try again."""
        self.link.refresh()

    def action_pause(self) -> None:
        """Hold the picture still, or show the newest and go on."""
        self.is_paused = not self.is_paused
        if not self.is_paused and self._held is not None:
            held, self._held = self._held, None
            self._show(held)

    def action_help(self) -> None:
        """What every key does."""
        from spcs_worker_tui.ui.screens.help import HelpScreen  # noqa: PLC0415 - when first shown

        self.push_screen(HelpScreen(self.desk.glyphs, self._user_keymap))

    def action_quit_on_second(self) -> None:
        """Quit when it comes twice, because one ctrl+c may be meant for a copy."""
        now = self.desk.now()
        if self._last_interrupt is not None and now - self._last_interrupt < QUIT_WITHIN:
            self.call_later(self.action_quit)
        self._last_interrupt = now
        self.notify("Press ctrl+c once more to quit", markup=False, timeout=2)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers beside our own actions."""
        yield SystemCommand("Theme", "Dark, light, or the terminal's own", self.action_change_theme)
        yield SystemCommand("Quit", "Leave the dashboard", self.action_quit)
        yield SystemCommand("Screenshot", "Save the screen as SVG", self.deliver_screenshot)
        del screen
