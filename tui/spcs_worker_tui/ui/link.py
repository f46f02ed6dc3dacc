"""The link between the dashboard and its console: background work that ends in messages.

Nothing else in the dashboard awaits the console. Only `FleetError` is expected here; anything
else is a bug, ends that piece of work and is shown by the app as what it is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App, SuspendNotSupported

from spcs_worker_tui.domain.errors import ConfigurationError, FleetError, PlanRefusedError
from spcs_worker_tui.domain.log import LogNotice
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.text import in_sentences
from spcs_worker_tui.ui.messages import (
    ConsoleFailed,
    ConsoleOpened,
    FleetJudged,
    LogArrived,
    PlanEnded,
    PlanMade,
    PlanProgressed,
    RequestFailed,
)

if TYPE_CHECKING:
    from textual.worker import Worker

    from spcs_worker_tui.domain.console_port import DashboardConsole
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.keys import KeyName, Secret
    from spcs_worker_tui.domain.plan import Plan
    from spcs_worker_tui.domain.wishes import RollBack
    from spcs_worker_tui.ui.changing import ChangeRun, PlanRequest

    OpenConsole = Callable[[], Awaitable[DashboardConsole]]

T = TypeVar("T")

CLOSES_SILENTLY = 1.0
"""Seconds that closing may take before a line says that it goes on."""
CLOSES_WITHIN = 8.0
"""Seconds after which closing is given up; sessions that were not ended expire by themselves."""


class ConsoleLink:
    """Holds the console, once there is one.

    Args:
        app: Told what happened.
        open_console: Makes the console; whatever is slow to import it imports in a thread.
    """

    def __init__(self, app: App[Any], open_console: OpenConsole) -> None:
        self._app = app
        self._open_console = open_console
        self._console: DashboardConsole | None = None
        self._is_busy = False
        self.log_run = 0
        self._applying: dict[str, Worker[None]] = {}

    def open(self) -> None:
        """Open the console if there is none, and watch; does nothing while that goes on."""
        if not self._is_busy:
            self._is_busy = True
            self._start(self._watch(), "console")

    async def _watch(self) -> None:
        try:
            if self._console is None:
                self._console = await self._open_console()
            self._app.post_message(ConsoleOpened())
            async with _closing(self._console.watch()) as pictures:
                async for judged in pictures:
                    self._app.post_message(FleetJudged(judged))
        except FleetError as error:
            self._app.post_message(ConsoleFailed(error))
        except (ImportError, OSError) as error:
            # A part that is not installed, a file that cannot be read: no bug of ours.
            problem = ConfigurationError(str(error), next_step="Check the installation.")
            self._app.post_message(ConsoleFailed(problem))
        finally:
            self._is_busy = False

    def refresh(self) -> None:
        """Look again now; where watching had ended, begin anew."""
        if self._console is not None and self._is_busy:
            self._console.refresh()
        else:
            self.open()

    def select(self, key: ServiceKey | None) -> None:
        """Watch that service more closely and follow its log, instead of another's."""
        if self._console is None:
            return
        self._console.select(key)
        self.stop_log()
        if key is not None:
            self._start(self._follow(self._console, key, self.log_run), "log")

    def stop_log(self) -> None:
        """Follow no log; what is under way from the one that was followed counts no more."""
        self.log_run += 1
        self._app.workers.cancel_group(self._app, "log")

    async def _follow(self, console: DashboardConsole, key: ServiceKey, run: int) -> None:
        try:
            async with _closing(console.follow_log(key)) as batches:
                async for events in batches:
                    self._app.post_message(LogArrived(run, events))
        except FleetError as error:
            text = in_sentences(error.message, error.next_step)
            self._app.post_message(LogArrived(run, (LogNotice(text),)))

    def sign_in(self, connection: str) -> None:
        """Sign in interactively, because the reader asked for it on that line."""
        if self._console is not None:
            self._start(self._sign_in(self._console, connection), "sign-in")

    async def _sign_in(self, console: DashboardConsole, connection: str) -> None:
        """Off the screen where that is possible: the connector prints, and may ask."""
        with ExitStack() as off_the_screen:
            try:
                off_the_screen.enter_context(self._app.suspend())
            except SuspendNotSupported:
                self._app.notify(f"Signing in to {connection}. A browser may open.", markup=False)
            else:
                off_the_screen.enter_context(self._app.batch_update())  # paints nothing meanwhile
                _say(f"signing in to {connection}. A browser may open.")
            error = await _failure_of(console.sign_in(connection))
        if error is not None:
            self._app.post_message(RequestFailed(f"Sign-in to {connection}", error))

    def ask_plan(self, request: PlanRequest) -> None:
        """Have that plan made, instead of one that is still being made."""
        if self._console is not None:
            self._start(self._make(self._console, request), "plan")

    async def _make(self, console: DashboardConsole, request: PlanRequest) -> None:
        try:
            plan = await console.plan(request.wish)
            self._app.post_message(PlanMade(request, plan))
        except FleetError as error:
            self._app.post_message(RequestFailed(request.verb, error))

    def refusal(self, plan: Plan) -> FleetError | None:
        """Why that plan may be looked at but not applied; None where it may be."""
        if self._console is None:
            return None
        try:
            self._console.read_only.refuse(plan)
        except FleetError as error:
            return error
        return None

    def way_back(self, plan: Plan) -> RollBack | None:
        """What to ask for after a plan that did not come up; None: nothing."""
        return self._console.way_back(plan) if self._console is not None else None

    @property
    def read_only(self) -> ReadOnly:
        """Where nothing may be changed."""
        return self._console.read_only if self._console is not None else ReadOnly()

    @property
    def console(self) -> DashboardConsole:
        """What can be asked for lists to choose from.

        Raises:
            PlanRefusedError: There is none yet.
        """
        if self._console is None:
            raise PlanRefusedError("there is no connection yet", next_step="Try again in a moment.")
        return self._console

    def apply(self, run: ChangeRun) -> None:
        """Apply a plan that was approved. Another one does not end it, nor does a closed dialog."""
        if self._console is not None:
            work = self._apply(self._console, run)
            self._applying[run.plan.id] = self._app.run_worker(
                work, group="apply", exit_on_error=False
            )

    def stop(self, run: ChangeRun) -> None:
        """Stop applying it; what has to be undone then still is."""
        if (worker := self._applying.get(run.plan.id)) is not None:
            worker.cancel()

    async def _apply(self, console: DashboardConsole, run: ChangeRun) -> None:
        error: FleetError | None = None
        try:
            async with _closing(console.apply(run.plan)) as steps:
                async for progress in steps:
                    self._app.post_message(PlanProgressed(run, progress))
                    error = progress.error or error
        except FleetError as refused:
            error = refused
        except asyncio.CancelledError:
            error = PlanRefusedError(
                "stopped before its end; what had to be undone was",
                next_step="Ask for it again to finish what is left.",
            )
            raise
        finally:
            self._applying.pop(run.plan.id, None)
            self._app.post_message(PlanEnded(run, error))
            console.refresh()

    async def give_key(self, key: KeyName, secret: Secret, *, keep: bool) -> None:
        """Hand over a key that a person typed; raises as the port says."""
        await self.console.give_key(key, secret, keep=keep)

    async def close(self) -> None:
        """Nothing that was started outlives the dashboard.

        The terminal is the user's again by now, so nobody waits without being told what for.
        """
        if self._console is None:
            if self._is_busy:
                _say("Waiting for what was being started, to end it.")
            return
        closing = asyncio.ensure_future(self._console.close())
        _, still = await asyncio.wait({closing}, timeout=CLOSES_SILENTLY)
        if still:
            _say("Ending the sessions.")
            _, still = await asyncio.wait({closing}, timeout=CLOSES_WITHIN)
        if still:
            closing.cancel()
            _say("Some sessions did not end in time; they expire by themselves.")

    def _start(self, work: Coroutine[Any, Any, None], group: str) -> None:
        """Instead of what the same group was doing."""
        self._app.run_worker(work, group=group, exclusive=True, exit_on_error=False)


async def _failure_of(work: Awaitable[None]) -> FleetError | None:
    try:
        await work
    except FleetError as error:
        return error
    return None


def _say(text: str) -> None:
    # Past Textual, which holds sys.stderr while its screen is up.
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"spcs-worker-tui: {text}\n")
        sys.__stderr__.flush()


@asynccontextmanager
async def _closing(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """The stream, closed on the way out where it can be closed."""
    try:
        yield stream
    finally:
        if (close := getattr(stream, "aclose", None)) is not None:
            await close()
