"""The steps of a set-up that are not the deployment, each with what does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    NotVisibleError,
    PrivilegeError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.fleet import FleetSnapshot
from spcs_worker_tui.domain.plan import Step
from spcs_worker_tui.domain.prefect import WorkQueueKey
from spcs_worker_tui.domain.settings import FILE_NAME
from spcs_worker_tui.domain.setup import (
    Answers,
    ImageChoice,
    Piece,
    PieceState,
    RoleStatement,
    Survey,
)
from spcs_worker_tui.domain.wishes import CreateWorkPool, Smoke
from spcs_worker_tui.operations.apply import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.ground import DOWN
from spcs_worker_tui.operations.apply.waiting import wait_until
from spcs_worker_tui.operations.lifecycle_waiting import until_ready
from spcs_worker_tui.operations.setup.account_pieces import SECRET_COMMENT
from spcs_worker_tui.operations.smoke import SmokeRun
from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.operations.setup.tools import SetupTools

DEFAULT_SPEC = "spcs-service-spec.yaml"
SCRIPTED = ("role", "database", "repository", "pool", "rule", "integration")
_VERBS = {PieceState.MADE: "Make", PieceState.CHANGED: "Complete"}
_EXISTS = frozenset({2002, 3041})


@dataclass(frozen=True, slots=True)
class SetupSteps:
    """Makes the steps of one set-up.

    Args:
        tools: What they need from outside.
        survey: What is there.
        secret: The Prefect API key, where the plan has to send it.
    """

    tools: SetupTools
    survey: Survey
    secret: Secret | None = None

    @property
    def answers(self) -> Answers:
        """What was answered."""
        return self.survey.answers

    def account(self) -> Iterator[Action]:
        """Everything that the files under `sql/` make, but for secret and service."""
        for name in SCRIPTED:
            piece = self.survey.piece(name)
            if piece.statements:
                yield self._scripted(piece)

    def monitor(self) -> Iterator[Action]:
        """The role that may only look; after the service, so that it sees it."""
        if self.answers.monitor_role and self.survey.piece("monitor").statements:
            yield self._scripted(self.survey.piece("monitor"))

    def _scripted(self, piece: Piece) -> Action:
        step = Step(
            piece.id, f"{_VERBS[piece.state]} {_lowered(piece.title)}", shown(piece.statements)
        )

        async def do(tell: Tell) -> Outcome:
            return await send(self.tools, piece.statements, tell)

        return Action(step, do)

    def secret_value(self) -> Iterator[Action]:
        """The secret, with the key that only the account gets to see."""
        if not self.answers.secret:
            return
        piece = self.survey.piece("secret")
        if not piece.statements:
            return
        verb = "Make" if piece.state is PieceState.MADE else "Complete"
        step = Step(
            "secret",
            f"{verb} {_lowered(piece.title)}",
            shown(piece.statements),
            verification="SHOW SECRETS shows it",
        )
        yield Action(step, self._send_secret)

    async def _send_secret(self, _: Tell) -> Outcome:
        session, answers, query = self.tools.session, self.answers, ""
        for one in self.survey.piece("secret").statements:
            await session.use_role(one.role)
            if one.statement.startswith("GRANT"):
                query = await session.run_statement(one.statement)
                continue
            if self.secret is None:
                raise ConfigurationError("the secret's value is not known")
            if one.statement.startswith("CREATE"):
                query = await self._created(self.secret)
            else:
                query = await session.alter_secret(answers.secret_name, self.secret)
        return Outcome(query_id=query)

    async def _created(self, secret: Secret) -> str:
        session, answers = self.tools.session, self.answers
        try:
            return await session.create_secret(answers.secret_name, secret, SECRET_COMMENT)
        except StatementRefusedError as error:
            error.next_step = (
                f"It is there, and role {answers.role} does not see it: ask for GRANT USAGE, READ "
                f"ON SECRET {answers.secret_name.qualified} TO ROLE {answers.role}"
                if error.errno in _EXISTS
                else error.next_step
            )
            raise

    def work_pool(self) -> Iterator[Action]:
        """Create it, unless it is there."""
        if self.survey.piece("work-pool").state is not PieceState.MADE:
            return
        now = self.tools.engine.clock.now()
        changes = WorkPoolChanges(
            lambda: FleetSnapshot(observed_at=now),
            self.tools.engine,
            self.tools.prefect,
            self.tools.writer,
        )
        for action in changes.change(CreateWorkPool(self.answers.pool_key)).actions:
            # The service is created, too.
            yield replace(action, step=replace(action.step, id="work-pool"))

    def files(self) -> Action:
        """The project: settings, specification, and what the image is built from."""
        answers, folder = self.answers, self.tools.folder
        variable = answers.secret_variable if answers.secret else ""
        missing = [p for p in folder.missing(answers.folder) if p in _needed(answers)]
        more = f", and put {', '.join(missing)} beside it" if missing else ""
        step = Step(
            "files",
            f"Write environment {answers.environment} into {answers.folder / FILE_NAME}{more}",
        )

        async def do(_: Tell) -> Outcome:
            folder.lay_out(answers.folder, missing, variable)
            written = folder.write(answers.folder, answers)
            return Outcome("written" if written or missing else "it was there already")

        return Action(step, do)

    def resume(self) -> Iterator[Action]:
        """A service that was suspended: only what runs can do its work."""
        service, session = self.survey.service, self.tools.session
        if service is None or service.status not in DOWN:
            return
        step = Step(
            "resume",
            f"Resume {service.key.qualified}",
            f"{session.resume_statement(service.key)};",
            verification="SHOW SERVICES says RUNNING",
        )

        async def do(tell: Tell) -> Outcome:
            await session.use_role(self.answers.role)
            await session.resume_service(service.key)
            timing = self.tools.updates.timing
            return await wait_until(
                until_ready(session, service.key),
                tell,
                self.tools.engine.clock,
                within=timing.ready_within,
                poll=timing.poll,
            )

        yield Action(step, do)

    def smoke(self) -> Iterator[Action]:
        """A small flow, run by the worker that is there then."""
        wish = Smoke(WorkQueueKey(self.answers.pool_key))
        for action in SmokeRun(wish, self.tools.writer, self.tools.engine.clock).actions():
            yield replace(action, step=replace(action.step, id=f"smoke-{action.step.id}"))


def _needed(answers: Answers) -> tuple[str, ...]:
    """What the project has to have, of what a project is laid out with."""
    environment = answers.as_environment()
    parts = [DEFAULT_SPEC] if environment.spec == DEFAULT_SPEC else []
    builds_ours = (environment.dockerfile, environment.context) == ("Dockerfile", ".")
    if answers.image_choice is ImageChoice.BUILD and builds_ours:
        parts += ["Dockerfile", ".dockerignore", "worker"]
    return tuple(parts)


def shown(statements: Sequence[RoleStatement]) -> str:
    """What will be sent, with the roles taken on."""
    lines, role = [], ""
    for one in statements:
        if one.role != role:
            lines.append(f"USE ROLE {one.role};")
            role = one.role
        lines.append(f"{one.statement};")
    return "\n".join(lines)


async def send(tools: SetupTools, statements: Sequence[RoleStatement], tell: Tell) -> Outcome:
    """Send them, each by its role."""
    query = ""
    for one in statements:
        tell(one.statement.partition("\n")[0])
        try:
            await tools.session.use_role(one.role)
            query = await tools.session.run_statement(one.statement)
        except StatementRefusedError as error:
            error.next_step = error.next_step or _next_step(error, one)
            raise
    return Outcome(query_id=query)


def _next_step(error: StatementRefusedError, one: RoleStatement) -> str:
    if error.errno in _EXISTS:
        return f"It is there, and role {one.role} does not see it: ask its owner for access to it."
    if isinstance(error, PrivilegeError | NotVisibleError):
        return "Have an administrator run that statement, then start again: what is done is kept."
    return "Correct what it says, and start again: what is done is kept."


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:]
