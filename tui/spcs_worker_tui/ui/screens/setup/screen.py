"""The wizard's screen: pages one after the other, each answer checked before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Container
from textual.widgets import Input

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.ui.bindings import SETUP
from spcs_worker_tui.ui.modals.ask import AskModal
from spcs_worker_tui.ui.modals.choice import ItemList
from spcs_worker_tui.ui.modals.dialog import Text
from spcs_worker_tui.ui.screens.setup.checking import GOING_ON, CheckingScreen
from spcs_worker_tui.ui.screens.setup.connection import first_page
from spcs_worker_tui.ui.screens.setup.page import Move, Page, SetupState, Stage
from spcs_worker_tui.ui.screens.setup.plan import DonePage, ProgressPage
from spcs_worker_tui.ui.screens.setup.widgets import ChoiceLine, PageView, SetupHeader, StepList
from spcs_worker_tui.ui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.worker import Worker

    from spcs_worker_tui.ui.format import Glyphs

OpenState = Callable[[], Awaitable[SetupState]]


class SetupScreen(CheckingScreen):
    """Shows a page, hands its answers in, shows the next; answers with how it was left.

    Args:
        open_state: Makes what the pages share; called once something is on the screen.
        glyphs: What signs to draw with.
    """

    CSS_PATH = "setup.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*SETUP]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    AUTO_FOCUS = ""

    def __init__(self, open_state: OpenState, glyphs: Glyphs) -> None:
        super().__init__()
        self._open_state = open_state
        self._glyphs = glyphs
        self._state: SetupState | None = None
        self._pages: list[Page] = []
        self._applying: Worker[None] | None = None
        self._answers: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """Header, steps, page, keys."""
        yield SetupHeader(self._glyphs)
        with Container(id="columns"):
            yield StepList(self._glyphs, self._answers)
            yield PageView()
        yield KeyBar()

    @property
    def page(self) -> Page | None:
        """The page that is shown."""
        return self._pages[-1] if self._pages else None

    def on_mount(self) -> None:
        """Begin once the first frame is there."""
        self.set_interval(1, self._tick)
        self.call_after_refresh(self._begin)

    def on_resize(self) -> None:
        """Lines may break elsewhere."""
        self.call_after_refresh(self._fit_parts)

    def _tick(self) -> None:
        if self._applying is not None:
            self._fit_parts()

    def _fit_parts(self) -> None:
        if isinstance(self.page, ProgressPage):
            self.page.height = self.view.content_size.height - 2
        self.view.fit_parts()

    def checked(self) -> None:
        """What is known may be other things now."""
        self._show_steps()

    # Going on

    def _begin(self) -> None:
        self.check(self._first(), "Looking for saved connections.")

    async def _first(self) -> None:
        if self._state is None:
            self._state = await self._open_state()
        await self._open(await first_page(self._state))

    async def _submit(self, page: Page, item: str, values: dict[str, str]) -> None:
        assert self._state is not None
        with ExitStack() as off_the_screen:
            if page.needs_person(item, values):
                self.off_the_screen(off_the_screen)
            after = await page.submit(item, values)
        if isinstance(after, Page):
            page.kept = self.view.harmless_values()
            self._state.draft.keep_typed(page.name, {})
        self._remember()
        if isinstance(after, Page):
            await self._open(after)
        elif after is Move.BACK:
            await self._back()
        elif after is not None:
            self.dismiss(after)
        else:
            self.view.say("")

    def _remember(self) -> None:
        assert self._state is not None
        answers = dict(self._state.draft)
        self._answers.clear()
        self._answers.update(answers)
        desk = self._state.desk
        done = isinstance(self.page, DonePage)
        self.run_worker(asyncio.to_thread(desk.remember, {} if done else answers), group="draft")

    async def _open(self, page: Page) -> None:
        """Load it and show it; what loading finds wrong is said on it."""
        problem: FleetError | None = None
        page.kept = page.draft.typed(page.name)
        self.view.say(page.busy, GOING_ON)
        try:
            await page.load()
        except FleetError as error:
            problem = error
        self._pages.append(page)
        await self._show(page)
        if problem is not None:
            raise problem

    async def _show(self, page: Page) -> None:
        await self.view.show(page)
        self._show_steps()
        if isinstance(page, ProgressPage) and page.run.began is None:
            self._fit_parts()
            self._applying = self.run_worker(self._apply(page), group="apply", exit_on_error=False)

    def _show_steps(self) -> None:
        stage = self.page.stage if self.page is not None else Stage.CONNECTION
        passed = frozenset(self._state.passed) if self._state is not None else frozenset[Stage]()
        self.query_one(StepList).show(stage, passed)
        self.query_one(SetupHeader).show(stage)

    async def _apply(self, page: ProgressPage) -> None:
        after: Page | None = None
        try:
            after = await page.work(self._progressed)
        except asyncio.CancelledError:
            page.stopped()
        finally:
            self._applying = None
        if after is not None:
            self._pages = []  # there is nothing to go back to
            await self._open(after)
            self._remember()
        else:
            await self.view.refresh_page()
        self.refresh_bindings()

    def _progressed(self) -> None:
        self._fit_parts()
        page, text = self.page, self.query_one("#text", Text)
        if isinstance(page, ProgressPage) and text.line_count > text.page:
            waiting = len(page.run.plan.steps) - len(page.run.progress)
            text.scroll_to(y=max(0, text.line_count - text.page - waiting), animate=False)

    # What the reader does

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """What cannot be done here and now is dimmed, or not shown."""
        if action == "copy":
            return bool(self.page is not None and self.page.copied())
        if action == "scroll_text":
            return self.view.can_scroll
        if action in {"go_on", "again"}:
            return None if self.is_busy or self._applying is not None else True
        return True

    @on(Input.Submitted)
    def _field_submitted(self) -> None:
        self.action_go_on()

    @on(ItemList.Chosen)
    def _item_chosen(self) -> None:
        self.action_go_on()

    @on(ChoiceLine.Turned)
    async def _choice_turned(self) -> None:
        await self.view.refresh_page()

    def action_go_on(self) -> None:
        """Hand the answers in; to a field that was left out first."""
        page = self.page
        if self.is_busy or self._applying is not None:
            return
        if page is None:
            self._begin()
        elif name := self.view.left_out():
            self.query_one(f"#{name}").focus()
        elif not isinstance(page, ProgressPage) or page.items():
            self.check(self._submit(page, self.view.item(), self.view.values()), page.busy)

    def action_again(self) -> None:
        """Load this page once more."""
        page = self.page
        if page is None:
            self._begin()
        elif not isinstance(page, ProgressPage):
            self.check(self._load(page), page.busy)

    async def _load(self, page: Page) -> None:
        await page.load()
        self.view.say("")

    async def action_back(self) -> None:
        """Stop checking; else to the page before; from the first one, ask whether to leave."""
        if self.is_busy:
            self.stop_checking()
        elif self._applying is not None or len(self._pages) < 2:  # noqa: PLR2004 - one before
            self.action_leave()
        else:
            await self._back()

    async def _back(self) -> None:
        left = self._pages.pop()
        left.draft.keep_typed(left.name, self.view.typed())
        if isinstance(left, ProgressPage):
            self._pages.pop()  # its plan was applied, at least in part
        page = self._pages[-1]
        await self._show(page)

    def action_scroll_text(self, direction: int) -> None:
        """A page of the text down or up."""
        self.query_one("#text", Text).action_scroll_half(direction)

    def action_copy(self) -> None:
        """Copy what the page offers."""
        if self.page is not None and (text := self.page.copied()):
            self.app.copy_to_clipboard(text)
            self.notify("statements copied", markup=False, timeout=3)

    def action_leave(self) -> None:
        """Ask; what is under way is stopped."""
        if isinstance(self.page, DonePage) or self._state is None:
            self.dismiss(Move.LEAVE)
            return
        if self._applying is not None:
            texts = (
                "The set-up is under way.",
                "Stopped, it takes back what was for the time of the change only; planned again, "
                "it finishes what is left.",
            )
            self.app.push_screen(
                AskModal("Under way", texts, (("stay", "Stay"), ("stop", "Stop it"))), self._stop
            )
            return
        texts = (
            "Your answers are kept for the next time, all but passwords and keys.",
            "Nothing is changed before a plan is accepted.",
        )
        answers = (("stay", "Stay"), ("leave", "Leave"))
        self.app.push_screen(AskModal("Leave the set-up", texts, answers), self._leave)

    def _stop(self, answer: str | None) -> None:
        if answer == "stop" and self._applying is not None:
            self._applying.cancel()

    async def _leave(self, answer: str | None) -> None:
        if answer != "leave":
            return
        page = self.page
        if page is not None:
            page.draft.keep_typed(page.name, self.view.typed())
            await asyncio.to_thread(page.state.desk.remember, dict(page.draft))
        self.dismiss(Move.LEAVE)
