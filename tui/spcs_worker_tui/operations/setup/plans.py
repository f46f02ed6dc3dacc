"""The plan that sets a worker up, from nothing to a flow that has run on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress
from spcs_worker_tui.domain.setup import Answers, PieceState, Survey
from spcs_worker_tui.operations.setup.deploying import LaterDeploy
from spcs_worker_tui.operations.setup.steps import SetupSteps
from spcs_worker_tui.operations.setup.survey import survey

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.operations.apply import Action
    from spcs_worker_tui.operations.apply.engine import PlannedChange
    from spcs_worker_tui.operations.setup.tools import SetupTools


@dataclass(frozen=True, slots=True)
class PlannedSetup:
    """Implements the port `Change`.

    Attributes:
        change: The plan with its actions.
        survey: What it rests on.
        deploy: Knows, once it was applied, how the service took it.
    """

    change: PlannedChange
    survey: Survey
    deploy: LaterDeploy

    @property
    def plan(self) -> Plan:
        """What will be done."""
        return self.change.plan

    @property
    def did_not_come_up(self) -> bool:
        """Whether it was applied, and the service did not become what it should be."""
        return self.deploy.did_not_come_up

    def apply(self) -> AsyncGenerator[StepProgress, None]:
        """Do it; see the port."""
        return self.change.apply()


class Setup:
    """Looks, and plans; what was done by an interrupted run is seen to be there.

    Args:
        tools: What it needs from outside. The session is its own: it takes roles on.
    """

    def __init__(self, tools: SetupTools) -> None:
        self._tools = tools

    async def survey(self, answers: Answers) -> Survey:
        """What is there, is made, or is lacking; changes nothing.

        Raises:
            ConfigurationError: An answer cannot be; says all that cannot.
            SnowflakeError: The account does not answer.
        """
        return await survey(self._tools, answers)

    async def plan(self, answers: Answers, secret: Secret | None = None) -> PlannedSetup:
        """Everything that is between what is there and a worker that has run a flow.

        Args:
            answers: What was answered.
            secret: The Prefect API key (or user and password) that the worker gets. It is in no
                plan, no file and no message. May be left out where the secret keeps its value.

        Raises:
            ConfigurationError: An answer cannot be, or the key is lacking.
            PlanRefusedError: Something is lacking that this role may not make; `survey` says what.
            FleetError: Something that it needs does not answer.
        """
        seen = await self.survey(answers)
        _refuse(seen)
        answers = seen.answers
        if _needs_key(seen) and secret is None:
            raise ConfigurationError(
                f"the worker needs {answers.secret_variable} for {answers.prefect_api_url}, and no "
                "key for it is kept here",
                next_step="Keep it with `spcs-worker-tui keys set`, or set it in the environment.",
            )
        deploy = LaterDeploy(self._tools, answers)
        steps = SetupSteps(self._tools, seen, secret)
        actions = [
            *steps.account(),
            *steps.secret_value(),
            *steps.work_pool(),
            steps.files(),
            *deploy.actions(await self._deploy_steps(seen, deploy)),
            *steps.resume(),
            *steps.monitor(),
            *steps.smoke(),
        ]
        return self._planned(seen, actions, secret, deploy)

    async def _deploy_steps(self, seen: Survey, deploy: LaterDeploy) -> Sequence[Step]:
        if seen.piece("service").state is PieceState.MADE:
            return await deploy.steps()
        if self._tools.folder.project(seen.answers.folder) is None:
            raise PlanRefusedError(
                f"{seen.answers.key.qualified} is there already, and {seen.answers.folder} is not "
                "the project that it comes from",
                next_step="Run it in the folder of its spcs-worker.toml, or name another service.",
            )
        planned = await deploy.now()
        await self._tools.session.use_own_role()
        return planned.plan.steps

    def _planned(
        self, seen: Survey, actions: Sequence[Action], secret: Secret | None, deploy: LaterDeploy
    ) -> PlannedSetup:
        answers, engine = seen.answers, self._tools.engine
        plan = Plan(
            title=f"Set up {answers.key.qualified}",
            service=None,
            steps=(),
            made_at=engine.clock.now(),
            subject=answers.key.qualified,
            connection=answers.connection,
            differences=tuple(_differences(seen)),
            warnings=(*_costs(seen), *seen.warnings),
        )
        deploy.plan_id = plan.id

        async def check() -> None:
            now = await self.survey(answers)
            if _shape(now) != _shape(seen):
                raise PlanRefusedError(
                    "the account is not any more as the plan saw it",
                    next_step="Make the plan again.",
                )

        hidden = (secret.reveal(),) if secret else ()
        change = engine.change(plan, actions, check, hidden)
        return PlannedSetup(replace(change, plan=change.plan), seen, deploy)


def _differences(seen: Survey) -> Iterator[str]:
    """What is made and changed, and in one line what stays as it is."""
    kept = [piece.title for piece in seen.pieces if piece.state is PieceState.THERE]
    for piece in seen.pieces:
        if piece.state is not PieceState.THERE:
            yield f"{piece.title}: {piece.detail}"
    if kept:
        yield f"There already: {'; '.join(kept)}"


def _needs_key(seen: Survey) -> bool:
    if not seen.answers.secret:
        return False
    piece = seen.piece("secret")
    return any(not one.statement.startswith("GRANT") for one in piece.statements)


def _refuse(seen: Survey) -> None:
    lacking = [piece for piece in seen.pieces if piece.state is PieceState.LACKING]
    if not lacking:
        return
    words = "; ".join(f"{piece.title}: {piece.detail}" for piece in lacking)
    if asks := seen.asks:
        raise PlanRefusedError(
            f"{len(lacking)} thing{'' if len(lacking) == 1 else 's'} cannot be done as role "
            f"{seen.standing.role or 'none'}: {words}",
            next_step=f"Have an administrator run: {'; '.join(asks)}",
        )
    raise PlanRefusedError(words, next_step="Nothing was changed.")


def _costs(seen: Survey) -> Sequence[str]:
    pool = seen.piece("pool")
    return (
        f"Compute pool {seen.answers.compute_pool}: {pool.costs}; suspending the service does not "
        "end that, the pool suspends by itself when it is empty.",
    )


def _shape(seen: Survey) -> Sequence[object]:
    return [(piece.id, piece.state, piece.statements) for piece in seen.pieces]
