"""The command palette: whatever a key does here and now, by name; and every service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from spcs_worker_tui.ui.bindings import PROJECT, WORK, key_names
from spcs_worker_tui.ui.messages import RowHighlighted
from spcs_worker_tui.ui.rows import service_rows

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.dom import DOMNode
    from textual.screen import Screen

_MOVING = "view."
_MENUS = {"work-pool.menu": WORK, "project.menu": PROJECT}
"""Keys that open a menu, whose lines are offered beside them."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that the palette offers."""

    title: str
    help: str
    node: DOMNode
    action: str


def commands(screen: Screen[Any]) -> Iterator[Command]:
    """What can be done on that screen now: its active bindings, without the moving ones.

    Made from the bindings themselves, and asked through the same `check_action`, so palette and
    keys cannot differ.
    """
    seen = set()
    for node, binding, enabled, _ in screen.active_bindings.values():
        if not enabled or not _is_ours(binding) or binding.id in seen:
            continue
        seen.add(binding.id)
        keys = " ".join(key_names(binding.key))
        yield Command(binding.tooltip, f"key {keys}", node, binding.action)
        for line in _MENUS.get(binding.id or "", ()):
            if may(screen, line.action):
                help_text = f"keys {keys} {line.key}"
                yield Command(line.tooltip, help_text, node, line.action)


def may(screen: Screen[Any], action: str) -> bool:
    """Whether that action of the app would do something now."""
    name, arguments = action.removeprefix("app.").rstrip(")").split("(")
    return screen.app.check_action(name, (arguments.strip("'"),)) is True


def _is_ours(binding: Binding) -> bool:
    moving = binding.id is not None and binding.id.startswith(_MOVING)
    return bool(binding.id and binding.tooltip) and (not moving or binding.id == "view.copy")


class DashboardCommands(Provider):
    """Actions first, then services to go to."""

    async def discover(self) -> Hits:
        """All actions, before anything is typed."""
        for command in commands(self.screen):
            yield DiscoveryHit(Content(command.title), self._run(command), help=command.help)

    async def search(self, query: str) -> Hits:
        """Actions and services that match."""
        matcher = self.matcher(query)
        for command in commands(self.screen):
            if (score := matcher.match(command.title)) > 0:
                title = matcher.highlight(command.title)
                yield Hit(score, title, self._run(command), help=command.help)
        judged = getattr(self.app, "judged", None)
        for row in service_rows(judged) if judged else ():
            text = f"Go to {row.key.name} on {row.key.connection}"
            if (score := matcher.match(text)) > 0:
                go = partial(self.app.post_message, RowHighlighted(row.key))
                yield Hit(score * 0.9, Content(text), go, help=row.key.qualified)

    def _run(self, command: Command) -> Any:
        return partial(self.app.run_action, command.action, default_namespace=command.node)
