"""The fourth step: the work pool that the workers serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.ui.lines import Cell, Line, fit
from spcs_worker_tui.ui.modals.choice import Item
from spcs_worker_tui.ui.screens.setup.page import (
    Move,
    Page,
    SetupField,
    SetupState,
    Stage,
    Values,
    told,
)
from spcs_worker_tui.ui.screens.setup.places import PlacesPage

if TYPE_CHECKING:
    from spcs_worker_tui.domain.prefect_places import PoolChoice

_OTHER = "=other"
_PROCESS = "process"
_RESERVED = "prefect"


class WorkPoolPage(Page):
    """Choose one, or have one made."""

    stage = Stage.WORK_POOL
    title = "Which work pool?"
    busy = "Asking Prefect for its work pools."

    def __init__(self, state: SetupState) -> None:
        super().__init__(state)
        self._pools: Sequence[PoolChoice] = ()

    async def load(self) -> None:
        """Which there are."""
        self._pools = await self.state.desk.work_pools()

    @property
    def _new(self) -> str:
        """The name that a new one would have; empty where there is one of it."""
        wanted = self.draft.shown("work_pool")
        return "" if any(pool.name == wanted for pool in self._pools) else wanted

    def lines(self, room: int) -> list[Line]:
        """What came of the step before."""
        return told(self.state.prefect_said, room) if self.state.prefect_said else []

    def items(self) -> Sequence[Item]:
        """A new one of the usual name, those that there are, one of another name."""
        items = [Item(pool.name, _about(pool)) for pool in self._pools]
        if self._new:
            new: Line = (Cell(f"Make {one_line(self._new, 40)}", "ink bold"),)
            items.insert(0, Item(self._new, (*new, Cell("  of type process", "muted"))))
        return [*items, Item(_OTHER, (Cell("Make one of another name", "accent"),))]

    def start(self) -> int:
        """That of the last time, or the usual one."""
        names = [item.name for item in self.items()]
        return names.index(self.draft.shown("work_pool"))

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Take it."""
        del values
        if item == _OTHER:
            return NewPoolPage(self.state, [pool.name for pool in self._pools])
        for pool in self._pools:
            if pool.name == item and pool.kind != _PROCESS:
                raise ConfigurationError(
                    f"{item} is of type {pool.kind or 'unknown'}",
                    next_step="These workers serve work pools of type process.",
                )
        return _chosen(self.state, item)


def _about(pool: PoolChoice) -> Line:
    kind = Cell(fit(pool.kind, 12), "muted" if pool.kind == _PROCESS else "verdict-degraded")
    state = "paused" if pool.is_paused else pool.status.lower().replace("_", " ")
    return (Cell(fit(pool.name, 26), "ink bold"), kind, Cell(state, "muted"))


class NewPoolPage(Page):
    """The name of a new one."""

    stage = Stage.WORK_POOL
    title = "A new work pool"

    def __init__(self, state: SetupState, taken: Sequence[str]) -> None:
        super().__init__(state)
        self._taken = taken

    def lines(self, room: int) -> list[Line]:
        """When it is made."""
        return told("It is made when the plan is applied, with the type process.", room)

    def fields(self, values: Values) -> Sequence[SetupField]:
        """Its name."""
        del values
        return [SetupField("work_pool", "Name", self.draft.get("work_pool", ""))]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Take it, if Prefect would."""
        del item
        name = values["work_pool"].strip()
        problem = ""
        if not name or name != one_line(name, 200) or any(sign in name for sign in "/%&<>"):
            problem = "a work pool needs a name without / % & < >"
        elif name.casefold().startswith(_RESERVED):
            # prefect-contract 1.5
            problem = f"names that begin with {_RESERVED!r} are Prefect's own"
        elif name in self._taken:
            problem = f"there is a work pool {name} already"
        if problem:
            raise ConfigurationError(problem, next_step="Choose another name.")
        return _chosen(self.state, name)


def _chosen(state: SetupState, name: str) -> Page:
    state.draft["work_pool"] = name
    state.passed.add(Stage.WORK_POOL)
    return PlacesPage(state)
