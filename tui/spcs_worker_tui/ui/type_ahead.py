"""Keys that arrive faster than they are answered wait, and then mean what they were typed for.

Textual sends a key to what has the focus at the moment when the key is read. A slow line, a paste
or a quick hand puts several keys into one read, and then `/etl` is four keys for the table. Here
the next key is looked at when everything that the one before caused has happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.timer import Timer

GIVE_UP_AFTER = 1.0
"""Seconds after which a key counts as answered: its widget may be gone, and cannot say so."""

_ALWAYS = 2
"""A key causes messages, and those what they cause: so often the queues are gone through."""
_AT_MOST = 6

Typed = events.Key | events.Paste


class TypeAhead:
    """Hands keys over one after the other, the first one at once.

    A key goes from the focused widget up to the app, through the queue of each. Something that is
    sent after it on the same way arrives when the key was dealt with; this is repeated until
    the focus rests.

    Args:
        app: Whose keys these are.
        take: Takes one key, as Textual does.
    """

    def __init__(self, app: App[Any], take: Callable[[Typed], Awaitable[None]]) -> None:
        self._app = app
        self._take = take
        self._waiting: deque[Typed] = deque()
        self._taken = 0
        self.is_answering = False
        """Whether a key was taken whose consequences may not all be there yet."""
        self._giving_up: Timer | None = None

    async def add(self, event: Typed) -> None:
        """Take it now, or when it is due."""
        self._waiting.extend(self._apart(event))
        if not self.is_answering:
            await self._next()
        elif self._giving_up is None:
            self._giving_up = self._app.set_timer(GIVE_UP_AFTER, self._next)

    def _apart(self, event: Typed) -> list[Typed]:
        """Escape and a key in one read look like alt and that key, which means nothing here."""
        if not isinstance(event, events.Key) or not event.key.startswith("alt+"):
            return [event]
        if event.character is None or event.key in self._app.screen.active_bindings:
            return [event]
        return [events.Key("escape", "\x1b"), events.Key(event.character, event.character)]

    async def _next(self) -> None:
        if self._giving_up is not None:
            self._giving_up.stop()
            self._giving_up = None
        self._taken += 1
        self.is_answering = bool(self._waiting)
        if self._waiting:
            await self._take(self._waiting.popleft())
            self._go_through(self._taken, 1)
        if self._waiting:
            self._giving_up = self._app.set_timer(GIVE_UP_AFTER, self._next)

    @property
    def _place(self) -> DOMNode:
        return self._app.focused or self._app.screen

    def _go_through(self, taken: int, times: int) -> None:
        place = self._place
        way = deque(place.ancestors_with_self)

        async def go_on() -> None:
            if taken != self._taken:
                return
            while way:
                if way.popleft().call_later(go_on):
                    return
            if times < _ALWAYS or (self._place is not place and times < _AT_MOST):
                self._go_through(taken, times + 1)
            else:
                await self._next()

        self._app.call_later(go_on)
