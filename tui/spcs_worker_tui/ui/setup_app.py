"""The set-up wizard's application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from textual import events
from textual.app import App

from spcs_worker_tui.domain.wizard import SetupDesk
from spcs_worker_tui.operations.wizard.draft import Draft
from spcs_worker_tui.ui import theme as themes
from spcs_worker_tui.ui.app import utc_now
from spcs_worker_tui.ui.format import UNICODE, Glyphs
from spcs_worker_tui.ui.screens.setup.page import Move, SetupState
from spcs_worker_tui.ui.screens.setup.screen import SetupScreen
from spcs_worker_tui.ui.type_ahead import TypeAhead

OpenDesk = Callable[[], Awaitable[SetupDesk]]


class SetupApp(App[None]):
    """Asks, shows the plan and applies it.

    Args:
        open_desk: Makes the way outside, after the first frame; whatever is slow to import it
            imports in a thread. Raises `FleetError`.
        theme: `spcs-dark`, `spcs-light` or `spcs-terminal`.
        now: Our own clock, aware and in UTC.
        glyphs: What signs to draw with.
    """

    TITLE = "spcs-worker-tui setup"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        open_desk: OpenDesk,
        *,
        theme: str = themes.DARK,
        now: Callable[[], datetime] = utc_now,
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__()
        for builtin in list(self.available_themes):
            self.unregister_theme(builtin)
        for own in themes.THEMES:
            self.register_theme(own)
        self.theme = theme
        self._open_desk = open_desk
        self._now = now
        self._glyphs = glyphs
        self._desk: SetupDesk | None = None
        self.wants_dashboard = False
        """Whether it was left for the dashboard."""
        self._type_ahead = TypeAhead(self, super().on_event)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our tokens, known in every style sheet."""
        return dict(themes.DEFAULT_TOKENS)

    def on_mount(self) -> None:
        """The one screen."""
        self.push_screen(SetupScreen(self._state, self._glyphs), self._left)

    async def _state(self) -> SetupState:
        self._desk = self._desk or await self._open_desk()
        draft = Draft(self._desk.remembered(), await self._desk.project())
        return SetupState(self._desk, draft, self._now, self._glyphs)

    def _left(self, move: Move | None) -> None:
        self.wants_dashboard = move is Move.DASHBOARD
        self.exit()

    async def on_unmount(self) -> None:
        """Nothing that was opened outlives the wizard."""
        if self._desk is not None:
            await self._desk.close()

    async def on_event(self, event: events.Event) -> None:
        """Keys one at a time; everything else as it comes."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._type_ahead.add(event)
        else:
            await super().on_event(event)
