"""Build, push, and update or create: one plan, which may be interrupted anywhere and made again.

What was done is not done again: the engine builds from its cache, the registry keeps layers, an
image that is there is not pushed, and a specification that is deployed is not sent. The service
runs what it ran, pinned by digest, until its new specification is accepted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.operations.apply import Action, Outcome, Tell
from spcs_worker_tui.operations.build import Builds, PreparedBuild, refuse_platform
from spcs_worker_tui.operations.build_request import ChosenImage, chosen_image
from spcs_worker_tui.operations.push import ImagePush, destination
from spcs_worker_tui.operations.update import PlannedUpdate, Updates, Wish, wish_for

if TYPE_CHECKING:
    from spcs_worker_tui.domain.building import RegistrySession
    from spcs_worker_tui.domain.plan import Plan, Step, StepProgress
    from spcs_worker_tui.domain.settings import Environment, Project
    from spcs_worker_tui.domain.spec_document import SpecDocument
    from spcs_worker_tui.domain.wishes import Deploy
    from spcs_worker_tui.operations.apply.engine import PlannedChange
    from spcs_worker_tui.operations.build_tools import ImageTools

COMING = "to be pushed"
"""Stands for the digest of the image that the plan will have pushed."""


class LaterUpdate:
    """The update of a plan that pushes first: planned again once the image is there.

    Only then is it known which digest the service gets, and whether it has it already.

    Args:
        updates: Plan it.
        wish: What is wanted, the image being there.
        shown: The update as it was planned, and shown, while the image was not.
    """

    def __init__(self, updates: Updates, wish: Wish, shown: PlannedUpdate) -> None:
        self._updates = updates
        self._wish = wish
        self._shown = shown
        self._planned: PlannedUpdate | None = None
        self.plan_id = ""

    @property
    def did_not_come_up(self) -> bool:
        """Whether it was applied, and the service did not become what it should be."""
        return self._planned is not None and self._planned.did_not_come_up

    @property
    def can_roll_back(self) -> bool:
        """Whether it did not come up, and there was something before."""
        return self._planned is not None and self._planned.can_roll_back

    @property
    def actions(self) -> tuple[Action, ...]:
        """The steps as they were shown, each doing what the update planned later does."""
        return tuple(self._action(step) for step in self._shown.plan.steps)

    def _action(self, step: Step) -> Action:
        async def do(tell: Tell) -> Outcome:
            found = await self._found(step)
            assert found is not None, "asked before, by is_done"
            return await found.do(tell)

        async def is_done() -> str:
            found = await self._found(step)
            if found is None:
                return "nothing differs from what is deployed"
            return await found.is_done()

        return Action(step, do, is_done)

    async def _found(self, step: Step) -> Action | None:
        planned = await self._plan()
        return next((a for a in planned.change.actions if a.step.id == step.id), None)

    async def _plan(self) -> PlannedUpdate:
        """The update as it is by now.

        Raises:
            PlanRefusedError: Somebody else changed the service since the plan was made.
            FleetError: It cannot be planned any more.
        """
        if self._planned is None:
            # What was shown is what was agreed to; building may have taken long.
            await self._shown.change.check()
            planned = await self._updates.plan(self._wish)
            planned.steps.plan_id = self.plan_id
            self._planned = planned
        return self._planned


@dataclass(frozen=True, slots=True)
class PlannedDeploy:
    """Implements the port `Change`.

    Attributes:
        change: The plan with its actions.
        update: Knows, once it was applied, how the service took it.
    """

    change: PlannedChange
    update: LaterUpdate

    @property
    def plan(self) -> Plan:
        """What will be done."""
        return self.change.plan

    @property
    def did_not_come_up(self) -> bool:
        """Whether it was applied, and the service did not become what it should be."""
        return self.update.did_not_come_up

    @property
    def can_roll_back(self) -> bool:
        """Whether it did not come up, and there was something before; see the port."""
        return self.update.can_roll_back

    def apply(self) -> AsyncGenerator[StepProgress, None]:
        """Do it; see the port."""
        return self.change.apply()


class Deploys:
    """Plans deployments.

    Args:
        tools: What building and pushing need from outside.
        updates: Plan the update, or the creation.
    """

    def __init__(self, tools: ImageTools, updates: Updates) -> None:
        self._tools = tools
        self._updates = updates
        self._builds = Builds(tools)

    async def plan(
        self,
        project: Project,
        environment: Environment,
        document: SpecDocument,
        session: RegistrySession,
        wish: Deploy,
    ) -> PlannedDeploy | PlannedUpdate:
        """Everything that is between the source and a service that runs it.

        Without pushing it is an update, since nothing can be built for it then.

        Raises:
            ConfigurationError: Settings, specification, image, repository … cannot be used.
            PlanRefusedError: The source is not clean though it has to be, or the service is in
                no state to be changed.
            EngineError: There is no engine, or the image cannot run in the account.
            SnowflakeError: What is there cannot be read.
        """
        if not wish.with_push:
            chosen = await chosen_image(self._tools.source, project, environment, wish.build.tag)
            wanted = wish_for(environment, document, image=chosen.tag, why=wish.why)
            return await self._updates.plan(wanted)
        prepared = None
        if wish.with_build:
            prepared = await self._builds.prepare(project, environment, wish.build)
            chosen = prepared.chosen
        else:
            chosen = await self._built(project, environment, wish)
        to = await destination(session, environment.image_path(chosen.tag))
        wanted = wish_for(environment, document, image=chosen.tag, why=wish.why)
        shown = await self._updates.plan(replace(wanted, coming=COMING))
        update = LaterUpdate(self._updates, wanted, shown)
        push = ImagePush(self._tools, session, to, lambda: _built_id(prepared, chosen))
        actions = [push.action, *update.actions]
        if prepared is not None:
            actions.insert(0, prepared.build.action)
        return self._planned(environment, shown, update, actions, prepared)

    async def _built(self, project: Project, environment: Environment, wish: Deploy) -> ChosenImage:
        """The image that was built before."""
        chosen = await chosen_image(self._tools.source, project, environment, wish.build.tag)
        local = await self._tools.images.image(chosen.name)
        if local is None:
            raise ConfigurationError(
                f"the Docker engine has no image {chosen.name}",
                next_step="Leave out --no-build, or name another one with --tag.",
            )
        refuse_platform(local, chosen.name)
        return chosen

    def _planned(
        self,
        environment: Environment,
        shown: PlannedUpdate,
        update: LaterUpdate,
        actions: Sequence[Action],
        prepared: PreparedBuild | None,
    ) -> PlannedDeploy:
        async def check() -> None:
            if prepared is not None:
                await self._builds.check(prepared)
            await shown.change.check()

        warnings = (*(prepared.warnings if prepared else ()), *shown.plan.warnings)
        plan = replace(
            shown.plan,
            title=f"Deploy {environment.name}: {shown.plan.title}",
            warnings=warnings,
        )
        update.plan_id = plan.id
        change = self._tools.engine.change(plan, actions, check, shown.change.secrets)
        return PlannedDeploy(change, update)


def _built_id(prepared: PreparedBuild | None, chosen: ChosenImage) -> str:
    """What is pushed: the very image that was built, whatever its name means by then."""
    built = prepared.build.image if prepared is not None else None
    return built.id if built is not None else chosen.name
