"""The sixth step: the image that the workers run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.setup import ImageChoice
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, Line, fit
from spcs_worker_tui.ui.modals.choice import Item
from spcs_worker_tui.ui.screens.setup.page import Move, Page, SetupState, Stage, Values, told
from spcs_worker_tui.ui.screens.setup.pieces import IMAGE, refuse_lacking
from spcs_worker_tui.ui.screens.setup.plan import PlanPage

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ImageSnapshot

_BUILD = "=build"


class ImagePage(Page):
    """Build one here, or take one that is in the repository."""

    stage = Stage.IMAGE
    title = "Which image?"
    busy = "Looking into the image repository."

    def __init__(self, state: SetupState) -> None:
        super().__init__(state)
        self._images: Sequence[ImageSnapshot] = ()

    async def load(self) -> None:
        """What is in the repository."""
        desk = self.state.desk
        found = await desk.images(self.draft.answers(desk.folder))
        self._images = [image for image in found if image.tags]

    def lines(self, room: int) -> list[Line]:
        """What building needs."""
        text = (
            "Building takes the Dockerfile of this folder, or writes one into it, and needs Docker "
            "on this machine."
        )
        return told(text, room)

    def items(self) -> Sequence[Item]:
        """Both ways."""
        tag = self.draft.shown("tag")
        build: Line = (
            Cell("Build it here and push it", "ink bold"),
            Cell(f"  as {self.draft.shown('image')}:{tag}", "muted"),
        )
        return [Item(_BUILD, build), *(self._item(image) for image in self._images)]

    def _item(self, image: ImageSnapshot) -> Item:
        name = f"{image.image_name}:{image.tags[0]}"
        age = ""
        if image.created_on is not None:
            age = f"  {fmt.age(self.state.now() - image.created_on)} old"
        return Item(name, (Cell(fit(name, 40), "ink bold"), Cell(f"is there{age}", "muted")))

    def start(self) -> int:
        """That of the last time."""
        names = [item.name for item in self.items()]
        wanted = f"{self.draft.shown('image')}:{self.draft.shown('tag')}"
        is_there = self.draft.get("image_choice") == ImageChoice.THERE
        return names.index(wanted) if is_there and wanted in names else 0

    async def submit(self, item: str, values: Values) -> Page | Move | None:
        """Take it."""
        del values
        if item == _BUILD:
            self.draft["image_choice"] = ImageChoice.BUILD
            self.draft["image_words"] = "built here"
        else:
            self.draft["image_choice"] = ImageChoice.THERE
            self.draft["image"], _, self.draft["tag"] = item.rpartition(":")
            self.draft["image_words"] = item
        desk = self.state.desk
        survey = await desk.survey(self.draft.answers(desk.folder))
        refuse_lacking([piece for piece in survey.pieces if piece.id == IMAGE])
        self.state.survey = survey
        self.state.passed.add(Stage.IMAGE)
        return PlanPage(self.state)
