"""Builds the image of an environment, in the Docker engine that is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.building import (
    PLATFORM,
    BuildRequest,
    ImageEngine,
    LocalImage,
    Progress,
    Report,
    sized,
)
from spcs_worker_tui.domain.errors import BuildFailedError, PlanRefusedError
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.operations.apply import Action, Outcome, Tell
from spcs_worker_tui.operations.build_request import (
    ChosenImage,
    build_request,
    chosen_image,
    docker_command,
    refuse_dirty,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment, Project
    from spcs_worker_tui.domain.wishes import Build
    from spcs_worker_tui.operations.apply.engine import PlannedChange
    from spcs_worker_tui.operations.build_tools import ImageTools

BUILD = "build"
"""The id of the step. While it runs, `done` of `total` without a `part` are steps of the
Dockerfile, and sayings without either are what they print."""
_SHORT = 12


class ImageBuild:
    """One build, and what came of it.

    Args:
        images: The Docker engine.
        request: What to build.
    """

    def __init__(self, images: ImageEngine, request: BuildRequest) -> None:
        self._images = images
        self._request = request
        self.image: LocalImage | None = None
        """What was built; None until it is."""

    @property
    def action(self) -> Action:
        """The step, and what does it."""
        step = Step(
            BUILD,
            f"Build {self._request.name}",
            docker_command(self._request),
            verification=f"the image is for {PLATFORM}",
        )
        return Action(step, self._build)

    async def _build(self, tell: Tell) -> Outcome:
        image = await self._images.build(self._request, telling(tell))
        refuse_platform(image, self._request.name)
        self.image = image
        return Outcome(f"{short(image.id)}, {sized(image.size)}")


@dataclass(frozen=True, slots=True)
class PreparedBuild:
    """A build that is ready to be planned.

    Attributes:
        chosen: Which image.
        wish: What was asked for.
        warnings: What should be known beforehand.
    """

    chosen: ChosenImage
    wish: Build
    build: ImageBuild
    warnings: tuple[str, ...]


class Builds:
    """Plans builds.

    Args:
        tools: What they need from outside.
    """

    def __init__(self, tools: ImageTools) -> None:
        self._tools = tools

    async def prepare(
        self, project: Project, environment: Environment, wish: Build
    ) -> PreparedBuild:
        """The build that an environment asks for.

        Raises:
            ConfigurationError: Settings, arguments or the Dockerfile cannot be used.
            PlanRefusedError: It is not clean, though it has to be.
            EngineError: There is no engine that could build it.
        """
        source = self._tools.source
        chosen = await chosen_image(source, project, environment, wish.tag)
        if wish.require_clean:
            refuse_dirty(chosen.revision, chosen.folder)
        request, warnings = await build_request(source, project, chosen, wish)
        # Whoever has no engine should hear of it before saying yes.
        await self._tools.images.image(chosen.name)
        build = ImageBuild(self._tools.images, request)
        return PreparedBuild(chosen, wish, build, warnings)

    async def plan(self, project: Project, environment: Environment, wish: Build) -> PlannedChange:
        """The plan of building only; raises as `prepare`."""
        prepared = await self.prepare(project, environment, wish)
        plan = Plan(
            title=f"Build {prepared.chosen.name}",
            service=None,
            steps=(),
            made_at=self._tools.engine.clock.now(),
            warnings=prepared.warnings,
            subject=prepared.chosen.name,
        )
        return self._tools.engine.change(
            plan, [prepared.build.action], lambda: self.check(prepared)
        )

    async def check(self, prepared: PreparedBuild) -> None:
        """Nothing, or a refusal where the source is not any more what the tag says.

        Raises:
            PlanRefusedError: Somebody has committed or changed something since.
        """
        chosen = prepared.chosen
        if not (chosen.follows_git or prepared.wish.require_clean):
            return
        now = await self._tools.source.revision(chosen.folder)
        if now.word != chosen.revision.word:
            raise PlanRefusedError(
                f"{chosen.folder} was at {chosen.revision.word or 'no commit'} when the plan was "
                f"made, and is at {now.word or 'no commit'} now",
                next_step="Make the plan again.",
            )


def telling(tell: Tell) -> Report:
    """An engine's progress as a step's sayings."""

    def report(progress: Progress) -> None:
        tell(progress.text, part=progress.part, done=progress.done, total=progress.total)

    return report


def refuse_platform(image: LocalImage, name: str) -> None:
    """Nothing, or a refusal of an image that no compute pool can run.

    Raises:
        BuildFailedError: It is for another platform.
    """
    if image.platform != PLATFORM:
        raise BuildFailedError(
            f"image {name} is for {image.platform}, and Snowpark Container Services runs "
            f"{PLATFORM} only",
            next_step=f"Build it from a base image for {PLATFORM}: look at FROM in the Dockerfile.",
        )


def short(digest: str) -> str:
    """The digest's first digits, as people compare them."""
    return digest.removeprefix("sha256:")[:_SHORT]
