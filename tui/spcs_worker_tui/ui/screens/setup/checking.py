"""The part of the wizard's screen that checks answers aside, one at a time."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import ExitStack

from textual.app import SuspendNotSupported
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from spcs_worker_tui.domain.errors import ConfigurationError, FleetError
from spcs_worker_tui.domain.text import in_sentences, one_line
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.screens.setup.page import Move
from spcs_worker_tui.ui.screens.setup.widgets import PageView

_PROBLEM, GOING_ON = "verdict-broken", "muted"


class CheckingScreen(Screen[Move], Fitting):
    """Says below the page what is being checked, and what was found wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._checking: Worker[None] | None = None

    @property
    def view(self) -> PageView:
        """Where it is shown."""
        return self.query_one(PageView)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being checked."""
        return self._checking is not None

    def checked(self) -> None:
        """An answer was checked, whatever came of it."""

    def stop_checking(self) -> None:
        """Wait no longer for what is being checked."""
        if self._checking is not None:
            self._checking.cancel()
            self.view.say("")

    def check(self, work: Awaitable[None], words: str) -> None:
        """Do that aside, saying so; whatever it finds wrong is said."""
        self.view.say(words, GOING_ON)
        self._checking = self.run_worker(self._done_checking(work), exit_on_error=False)
        self.refresh_bindings()

    async def _done_checking(self, work: Awaitable[None]) -> None:
        problem = ""
        try:
            await work
        except FleetError as error:
            others = error.others if isinstance(error, ConfigurationError) else ()
            problem = in_sentences(error.message, *others, error.next_step)
        finally:
            self._checking = None
            self.refresh_bindings()
        await self.view.refresh_page()
        if problem:
            self.view.say(problem, _PROBLEM)
        self.checked()

    def off_the_screen(self, stack: ExitStack) -> None:
        """The connector prints, and may ask: let it have the terminal, where that is possible."""
        try:
            stack.enter_context(self.app.suspend())
        except SuspendNotSupported:
            self.notify("Signing in. A browser may open.", markup=False)
        else:
            stack.enter_context(self.app.batch_update())

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A bug in background work is shown as one, and ends only that piece of work."""
        if event.state is WorkerState.ERROR:
            bug = event.worker.error
            text = one_line(f"{type(bug).__name__}: {bug}")
            self.view.say(f"This is a bug of the set-up: {text}", _PROBLEM)
