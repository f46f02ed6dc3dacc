"""The fifth step: where things go in the account; what is there is recognised and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.rates import cost_words
from spcs_worker_tui.domain.settings import FILE_NAME
from spcs_worker_tui.ui.screens.setup.image import ImagePage
from spcs_worker_tui.ui.screens.setup.page import Move, Page, SetupField, SetupState, Stage, Values
from spcs_worker_tui.ui.screens.setup.pieces import (
    IMAGE,
    ask_lines,
    asked_text,
    piece_lines,
    refuse_lacking,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import InstanceFamily
    from spcs_worker_tui.domain.setup import Answers
    from spcs_worker_tui.ui.lines import Line

_LABELS = {
    "database": "Database",
    "schema": "Schema",
    "repository": "Image repository",
    "service": "Service",
    "compute_pool": "Compute pool",
    "instance_family": "Nodes of family",
    "min_nodes": "Nodes at least",
    "max_nodes": "Nodes at most",
    "network_rule": "Network rule",
    "integration": "External access",
    "secret": "Secret",
    "environment": "Environment",
}
_MOST_FAMILIES = 40


class PlacesPage(Page):
    """All names at once, each with what has been found of it."""

    stage = Stage.PLACES
    title = "Where do things go?"
    busy = "Looking what is there."

    def __init__(self, state: SetupState) -> None:
        super().__init__(state)
        self._families: Sequence[InstanceFamily] = ()

    async def load(self) -> None:
        """What is there of it, and which nodes there are."""
        self._families = (await self.state.desk.families())[:_MOST_FAMILIES]
        await self._look()

    async def _look(self) -> None:
        state = self.state
        state.survey = None  # what is shown is never about other names
        state.survey = await state.desk.survey(self.draft.answers(state.desk.folder))

    def lines(self, room: int) -> list[Line]:
        """What was found, and what an administrator has to do first."""
        survey = self.state.survey
        if survey is None:
            return []
        pieces = [piece for piece in survey.pieces if piece.id != IMAGE]
        return [*piece_lines(pieces, self.state.glyphs, room), *ask_lines(survey, room)]

    def copied(self) -> str:
        """What to hand to an administrator."""
        return asked_text(self.state.survey)

    def fields(self, values: Values) -> Sequence[SetupField]:
        """The names."""
        del values
        shown = {name: self.draft.shown(name) for name in _LABELS}
        if not shown["secret"]:
            del shown["secret"]  # the Prefect API asks for no key
        return [
            SetupField(
                name,
                _LABELS[name],
                value,
                choices=self._choices(value) if name == "instance_family" else (),
            )
            for name, value in shown.items()
        ]

    def _choices(self, now: str) -> Sequence[tuple[str, str]]:
        found = [(one.name, _family(one)) for one in self._families]
        if not found or now in (name for name, _ in found):
            return found
        return [(now, now), *found]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Look again where names changed; go on where nothing is lacking."""
        del item
        for name, value in values.items():
            self.draft[name] = value.strip()
        await self._look()
        survey = self.state.survey
        assert survey is not None
        refuse_lacking([piece for piece in survey.pieces if piece.id != IMAGE])
        _refuse_read_only(survey.answers)
        self.draft["place_words"] = survey.answers.key.qualified
        self.state.passed.add(Stage.PLACES)
        return ImagePage(self.state)


def _refuse_read_only(answers: Answers) -> None:
    if answers.base is not None and answers.base.read_only:
        raise PlanRefusedError(
            f"environment {answers.environment} is read-only in {answers.folder / FILE_NAME}",
            next_step="Name another one, or take read_only out of the settings.",
        )


def _family(one: InstanceFamily) -> str:
    gpu = f", {one.gpu_count} x {one.gpu}" if one.gpu else ""
    return f"{one.name}: {one.vcpu} vCPU, {one.memory_gib} GiB{gpu}; {cost_words(one.name, 1, 1)}"
