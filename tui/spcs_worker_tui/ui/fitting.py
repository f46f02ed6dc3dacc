"""Of many sizes of the terminal, the last is the one that is shown."""

from __future__ import annotations

from textual import events, on
from textual.message_pump import MessagePump


class Fitting(MessagePump):
    """For screens: laid out for a size that the terminal no longer has, they are so anew.

    A screen tells itself each size that it was laid out for; such a message, of the size before,
    can take the place of the newest one that waits (Textual 8.2).
    """

    @on(events.Resize)
    def _take_only_the_size_of_the_terminal(self, event: events.Resize) -> None:
        size = self.app.size
        if event.size != size:
            self.post_message(events.Resize(size, size))
