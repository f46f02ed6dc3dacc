"""The second step: which role will own the workers, and what may be done with this connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.prefect_places import CLOUD_API_URL
from spcs_worker_tui.domain.setup import Survey, name_problem
from spcs_worker_tui.ui.screens.setup.page import (
    Move,
    Page,
    SetupField,
    Stage,
    Values,
    told,
)
from spcs_worker_tui.ui.screens.setup.pieces import ask_lines, asked_text, piece_lines
from spcs_worker_tui.ui.screens.setup.prefect import PrefectPage

if TYPE_CHECKING:
    from spcs_worker_tui.ui.lines import Line

_NOT_YET = frozenset({"work-pool", "service", "image"})
"""Nothing is known of these before Prefect and the places are chosen."""


class RolePage(Page):
    """The role that owns, and what is possible."""

    stage = Stage.ROLE
    title = "Which role owns the workers?"
    busy = "Asking the account."

    async def load(self) -> None:
        """What the account has under the usual names, and what may be done about the rest."""
        self.state.survey = await self._survey()

    async def _survey(self) -> Survey:
        draft = self.draft
        if not draft.get("prefect_api_url"):
            # Which Prefect it is changes nothing about what a role may do.
            draft = draft.having(prefect_api_url=CLOUD_API_URL)
        return await self.state.desk.survey(draft.answers(self.state.desk.folder))

    def lines(self, room: int) -> list[Line]:
        """Who is signed in; what is there and what is lacking."""
        standing, survey = self.state.standing, self.state.survey
        lines: list[Line] = []
        if standing is not None:
            role = f"role {standing.role}" if standing.role else "no role"
            lines += told(f"Signed in to {standing.account} as {standing.user}, {role}.", room)
        if survey is not None:
            pieces = [piece for piece in survey.pieces if piece.id not in _NOT_YET]
            lines += [(), *piece_lines(pieces, self.state.glyphs, room)]
            lines += ask_lines(survey, room)
        return lines

    def copied(self) -> str:
        """What to hand to an administrator."""
        return asked_text(self.state.survey)

    def fields(self, values: Values) -> Sequence[SetupField]:
        """The role."""
        del values
        return [SetupField("role", "Role", self.draft.shown("role"))]

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Go on with it; with another one, look first what it may do."""
        del item
        role = values["role"].strip().upper() or self.draft.shown("role")
        if problem := name_problem("role", role):
            raise ConfigurationError(problem)
        if self.state.survey is None or role != self.draft.shown("role"):
            self.draft["role"] = role
            await self.load()
            return None
        self.draft["role"] = role
        self.state.passed.add(Stage.ROLE)
        return PrefectPage(self.state)
