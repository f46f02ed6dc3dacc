"""What lists in dialogs are made of: images, earlier specifications, environments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import ImageSnapshot, Observation
from spcs_worker_tui.domain.sync import deployed_images, image_reference
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, Line, fit
from spcs_worker_tui.ui.modals.choice import Item
from spcs_worker_tui.ui.plan_lines import difference_lines

if TYPE_CHECKING:
    from textual.binding import Binding

    from spcs_worker_tui.domain.history import PastSpec
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.ui.rows import ServiceRow

SAME, TAG, FILE = "=same", "=tag", "=file"
"""Answers that are no image: what its tags mean now, one that is typed, a specification."""

_DIGEST = 12
_ROOM = 66
"""Of the narrow dialog."""
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
Images = Mapping[str, Observation[tuple[ImageSnapshot, ...]]]


def image_items(row: ServiceRow, images: Images, now: datetime) -> list[Item]:
    """The images of the service's repository, the newest first, and the other ways to update.

    Args:
        row: The service.
        images: Those of each repository that were seen.
        now: For their ages.
    """
    deployed = list(deployed_images(row.service))
    running = {one.digest for one in deployed}
    items: list[Item] = []
    reference = image_reference(deployed[0].image) if deployed else None
    if reference is not None:
        found = images.get(f"{row.key.connection}:{reference.repository}")
        listed = [i for i in (found.value if found else ()) if i.image_name == reference.name]
        listed.sort(key=lambda image: image.created_on or _LONG_AGO, reverse=True)
        items = [_image(image, now, is_running=image.digest in running) for image in listed]
    return [
        *items,
        Item(SAME, (Cell("What its tags mean now", "ink"),), key="t"),
        Item(TAG, (Cell("Another tag or digest, typed", "ink"),), key="o"),
        Item(FILE, (Cell("A specification file", "ink"),), key="f"),
    ]


def _image(image: ImageSnapshot, now: datetime, *, is_running: bool) -> Item:
    tags = ", ".join(image.tags)
    digest = image.digest.removeprefix("sha256:")[:_DIGEST]
    age = fmt.age(now - image.created_on) if image.created_on else fmt.NOTHING
    line: Line = (
        Cell(fit(one_line(tags) or "no tag", 26), "ink bold" if is_running else "ink"),
        Cell(f" {digest} ", "muted"),
        Cell(f"{age:>5} ago", "ink"),
        Cell("  runs now" if is_running else "", "verdict-healthy"),
    )
    return Item(image.tags[0] if image.tags else image.digest, line)


def past_items(past: Sequence[PastSpec], zone: tzinfo | None) -> list[Item]:
    """What was deployed, as it came from the console: the newest first."""
    return [_past(one, zone) for one in past]


def _past(one: PastSpec, zone: tzinfo | None) -> Item:
    entry = one.entry
    line: Line = (
        Cell(f"{entry.number:>3}  ", "accent bold"),
        Cell(f"{entry.time.astimezone(zone):%Y-%m-%d %H:%M:%S}  ", "ink"),
        Cell("deployed now  " if one.is_current else "", "verdict-healthy"),
        Cell(entry.words, "muted"),
    )
    details = [found for words in one.differences for found in difference_lines(words, _ROOM)]
    return Item(str(entry.number), line, details or [(Cell("Nothing differs.", "muted"),)])


def environment_items(project: Project) -> tuple[list[Item], int]:
    """The project's environments, and the index of the default one."""
    items = []
    for environment in project.environments.values():
        key = environment.key
        tags = f"/{environment.image_repository}/{environment.image}:{environment.tag}"
        line: Line = (
            Cell(fit(one_line(environment.name), 16), "ink bold"),
            Cell(f" {key.qualified} on {key.connection}", "ink"),
            Cell("  read-only" if environment.read_only else "", "verdict-degraded"),
        )
        details: list[Line] = [(Cell(one_line(tags, 200), "muted"),)]
        items.append(Item(environment.name, line, details))
    names = list(project.environments)
    default = project.default_environment
    return items, names.index(default) if default in names else 0


def menu_item(binding: Binding) -> Item:
    """A line of a menu that is made of bindings."""
    name = binding.action.partition("'")[2].rstrip("')")
    return Item(name, (Cell(f" {binding.tooltip}", "ink"),), key=binding.key)
