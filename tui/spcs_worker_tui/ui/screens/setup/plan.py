"""The last steps: the plan to be accepted, how it goes, and what there is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.domain.errors import FleetError, PlanRefusedError
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.wishes import CreateWorkPool
from spcs_worker_tui.ui.changing import ChangeRun, simple
from spcs_worker_tui.ui.lines import Cell, Line
from spcs_worker_tui.ui.modals.choice import Item
from spcs_worker_tui.ui.plan_lines import plan_lines, run_lines
from spcs_worker_tui.ui.screens.setup.page import (
    Move,
    Page,
    SetupState,
    Stage,
    Values,
    marked,
    told,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.plan import Plan

BACK, APPLY, AGAIN, DASHBOARD, LEAVE = "back", "apply", "again", "dashboard", "leave"


class PlanPage(Page):
    """Everything that will be done; the harmless answer first."""

    stage = Stage.PLAN
    title = "The plan"
    busy = "Planning."

    def __init__(self, state: SetupState) -> None:
        super().__init__(state)
        self._plan: Plan | None = None

    async def load(self) -> None:
        """Make it."""
        self._plan = None
        desk = self.state.desk
        self._plan = await desk.plan(self.draft.answers(desk.folder))

    def lines(self, room: int) -> list[Line]:
        """As every plan is shown."""
        if self._plan is None:
            return []
        return plan_lines(self._plan, None, room)

    def items(self) -> Sequence[Item]:
        """Not yet, and yes."""
        items = [Item(BACK, (Cell("Not yet: change an answer"),))]
        if self._plan is not None:
            items.append(Item(APPLY, (Cell("Set it up", "ink bold"),)))
        return items

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Begin, or go back."""
        del values
        if item != APPLY or self._plan is None:
            return Move.BACK
        self.state.passed.add(Stage.PLAN)
        return ProgressPage(self.state, self._plan)


class ProgressPage(Page):
    """How far it got. Begins by itself."""

    stage = Stage.PROGRESS
    title = "Setting up"

    def __init__(self, state: SetupState, plan: Plan) -> None:
        super().__init__(state)
        nothing = CreateWorkPool(WorkPoolKey("", ""))  # a run wants a wish, which nobody looks at
        self.run = ChangeRun(simple("Set up", nothing), plan)
        self.height = 20
        """Lines that are seen at once."""

    async def work(self, changed: Callable[[], Any]) -> Page | None:
        """Apply the plan; returns the last page when all of it was done."""
        run = self.run
        run.began = self.state.now()
        error: FleetError | None = None
        try:
            async with aclosing(self.state.desk.apply(run.plan)) as steps:  # type: ignore[type-var] # an async generator, as every console has it
                async for progress in steps:
                    run.observe(progress, self.state.now())
                    error = progress.error or error
                    changed()
        except FleetError as refused:
            error = refused
        finally:
            run.ended = self.state.now()
            run.error = error
        if error is not None:
            return None
        self.state.passed |= {Stage.PROGRESS, Stage.DONE}
        return DonePage(self.state)

    def stopped(self) -> None:
        """It was stopped on the way; what had to be undone was."""
        self.run.error = PlanRefusedError(
            "stopped before its end; what had to be undone was",
            next_step="Plan it again to finish what is left.",
        )

    def lines(self, room: int) -> list[Line]:
        """The steps with what became of them."""
        return run_lines(self.run, self.state.glyphs, self.state.now(), room, self.height)

    def items(self) -> Sequence[Item]:
        """After a failure: how to go on."""
        if self.run.ended is None or self.run.error is None:
            return ()
        return [
            Item(AGAIN, (Cell("Plan it again: what is done is kept", "ink bold"),)),
            Item(LEAVE, (Cell("Leave"), Cell("  the answers are kept", "muted"))),
        ]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Plan again."""
        del values
        return PlanPage(self.state) if item == AGAIN else Move.LEAVE


class DonePage(Page):
    """What there is now."""

    stage = Stage.DONE
    title = "A worker is running"

    def lines(self, room: int) -> list[Line]:
        """What was proved, and how to go on."""
        survey, done = self.state.survey, self.state.glyphs.done
        lines: list[Line] = []
        if survey is not None:
            key, pool = survey.answers.key, self.draft.shown("work_pool")
            for text in (
                f"Service {key.qualified} is RUNNING.",
                f"Its worker beats in work pool {pool}.",
                "A smoke flow finished on it.",
                f"Everything is written down in {self.state.desk.folder / 'spcs-worker.toml'}.",
            ):
                lines += marked(done, "verdict-healthy", text, room)
        lines.append(())
        for command, meaning in (
            ("spcs-worker-tui", "shows it"),
            ("spcs-worker-tui --check", "for scripts"),
            ("spcs-worker-tui deploy", "the next image"),
            ("spcs-worker-tui setup --teardown", "takes it all away"),
        ):
            lines.append((Cell(f"{command:<34}", "accent bold"), Cell(meaning, "muted")))
        return [*lines, (), *told("The compute pool costs as long as it is up.", room, "muted")]

    def items(self) -> Sequence[Item]:
        """How to go on."""
        return [
            Item(DASHBOARD, (Cell("Open the dashboard", "ink bold"),)),
            Item(LEAVE, (Cell("Leave"),)),
        ]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """The wizard is over."""
        del values
        return Move.DASHBOARD if item == DASHBOARD else Move.LEAVE
