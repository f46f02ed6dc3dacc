"""The deployment within a set-up.

It can only be planned once repository, compute pool and files are there, and it is shown before:
so its steps are shown as they will be, and planned anew when the first of them is reached.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.building import BuildRequest
from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.plan import Step
from spcs_worker_tui.domain.settings import FILE_NAME, Environment
from spcs_worker_tui.domain.setup import Answers, ImageChoice
from spcs_worker_tui.domain.wishes import Build, Deploy
from spcs_worker_tui.operations.apply import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.ground import AGAIN
from spcs_worker_tui.operations.build import ImageBuild
from spcs_worker_tui.operations.deploy import Deploys, PlannedDeploy
from spcs_worker_tui.operations.push import PUSH
from spcs_worker_tui.operations.update import PlannedUpdate, Updates, wish_for
from spcs_worker_tui.operations.update.steps import Goal, UpdateSteps

if TYPE_CHECKING:
    from spcs_worker_tui.domain.spec_document import SpecDocument
    from spcs_worker_tui.operations.setup.tools import SetupTools

Planned = PlannedDeploy | PlannedUpdate


@dataclass
class LaterDeploy:
    """Deploys what was answered, as the role that will own the service.

    Args:
        tools: What it needs from outside.
        answers: What was answered.
    """

    tools: SetupTools
    answers: Answers
    plan_id: str = ""
    _planned: Planned | None = field(default=None, init=False)

    @property
    def did_not_come_up(self) -> bool:
        """Whether it was applied, and the service did not become what it should be."""
        return self._planned is not None and self._planned.did_not_come_up

    async def now(self) -> Planned:
        """Plan it as things are.

        Raises:
            ConfigurationError: Something that it needs is not there.
            FleetError: Something that it needs does not answer.
        """
        tools, answers = self.tools, self.answers
        await tools.session.use_role(answers.role)
        project = tools.folder.project(answers.folder)
        if project is None:
            raise PlanRefusedError(f"{answers.folder / FILE_NAME} is not there any more")
        environment = project.environment(answers.environment)
        document = tools.folder.specification(answers.folder, environment.spec, self._variable)
        builds = answers.image_choice is ImageChoice.BUILD
        wish = Deploy(
            Build(environment.name, tag=answers.tag),
            with_build=builds,
            with_push=builds,
            why="set up",
        )
        deploys = Deploys(tools.images, Updates(tools.updates))
        return await deploys.plan(project, environment, document, tools.session, wish)

    @property
    def _variable(self) -> str:
        return self.answers.secret_variable if self.answers.secret else ""

    async def steps(self) -> Sequence[Step]:
        """The steps of a service that is not there yet, as they will be."""
        return tuple([step async for step in self._steps()])

    async def _steps(self) -> AsyncIterator[Step]:
        answers = self.answers
        environment = answers.as_environment()
        if answers.image_choice is ImageChoice.BUILD:
            name = f"{answers.image}:{answers.tag}"
            folder = answers.folder
            request = BuildRequest(folder, folder / environment.dockerfile, name)
            yield ImageBuild(self.tools.images.images, request).action.step
            path = environment.image_path(answers.tag)
            shown = f"docker push {path[1:]}"
            check = "SHOW IMAGES shows the tag with the digest that the registry gave"
            yield Step(PUSH, f"Push {name} to {environment.image_repository}", shown, "", check)
        document = self.tools.folder.specification(answers.folder, environment.spec, self._variable)
        for action in await self._creation(environment, document):
            yield action.step

    async def _creation(self, environment: Environment, document: SpecDocument) -> Sequence[Action]:
        wish = wish_for(environment, document, image=self.answers.tag)
        assert wish.document is not None
        image = environment.image_path(self.answers.tag)
        goal = Goal(wish, wish.document.with_image(image, wish.container))
        identity = await self.tools.session.open()
        return UpdateSteps(self.tools.updates, self.tools.session, goal, None, identity).actions

    def actions(self, steps: Sequence[Step]) -> Iterator[Action]:
        """The shown steps, each doing what the deployment planned later does."""
        known = {step.id for step in steps}
        for step in steps:
            yield self._action(step, known)

    def _action(self, step: Step, known: set[str]) -> Action:
        async def do(tell: Tell) -> Outcome:
            found = await self._found(step, known)
            assert found is not None, "asked before, by is_done"
            return await found.do(tell)

        async def is_done() -> str:
            found = await self._found(step, known)
            return await found.is_done() if found else "nothing differs from what is deployed"

        return Action(step, do, is_done)

    async def _found(self, step: Step, known: set[str]) -> Action | None:
        if self._planned is None:
            planned = await self.now()
            others = [s.title for s in planned.plan.steps if s.id not in known]
            if others:
                raise PlanRefusedError(
                    f"{self.answers.key.qualified} is not any more as the plan saw it: "
                    f"{'; '.join(others)}",
                    next_step=AGAIN,
                )
            _continue(planned, self.plan_id)
            self._planned = planned
        actions = self._planned.change.actions
        return next((action for action in actions if action.step.id == step.id), None)


def _continue(planned: Planned, plan_id: str) -> None:
    """The history names the plan that was agreed to."""
    if isinstance(planned, PlannedDeploy):
        planned.update.plan_id = plan_id
    else:
        planned.steps.plan_id = plan_id
