"""What does the steps of an update: the statements, and seeing them through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.errors import (
    PlanRefusedError,
    SnowflakeUnreachableError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.history import HistoryEntry, HistoryKind
from spcs_worker_tui.domain.plan import Step
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.spec_difference import Side, compare
from spcs_worker_tui.operations.apply import Action, Outcome, ServiceGround, Tell
from spcs_worker_tui.operations.apply.ground import AGAIN
from spcs_worker_tui.operations.update.present import Present, changed_meanwhile, read_present
from spcs_worker_tui.operations.update.record import Record
from spcs_worker_tui.operations.update.rollout import Rollout
from spcs_worker_tui.operations.update.seeing import SeeingThrough

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import DeployedSpec
    from spcs_worker_tui.domain.ports import Identity, SnowflakeSession
    from spcs_worker_tui.domain.spec_document import SpecDocument
    from spcs_worker_tui.operations.update.tools import Tools
    from spcs_worker_tui.operations.update.wish import Wish

INTEGRATIONS, CREATE, SPECIFICATION, ROLLOUT, HEARTBEATS = (
    "integrations",
    "create",
    "specification",
    "rollout",
    "heartbeats",
)
"""The ids of the steps."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What an update leads to.

    Attributes:
        sends: The specification has to be sent.
        waits: The service has to be seen coming up.
        integrations: External access integrations that have to be set; None: they are as wished.
    """

    wish: Wish
    document: SpecDocument
    digests: Mapping[str, str] = field(default_factory=dict)
    sends: bool = True
    waits: bool = True
    integrations: tuple[str, ...] | None = None


class UpdateSteps:
    """The steps of one update, and what they have found out.

    Args:
        tools: What they need from outside.
        session: Of the service's connection.
        goal: Where they lead.
        present: The service as the plan saw it; None: it is created.
        identity: Who is signed in.
        unfinished: The entry of an earlier run that was interrupted.
    """

    def __init__(
        self,
        tools: Tools,
        session: SnowflakeSession,
        goal: Goal,
        present: Present | None,
        identity: Identity,
        unfinished: HistoryEntry | None = None,
    ) -> None:
        self._tools = tools
        self._session = session
        self._goal = goal
        self._key = goal.wish.key
        self._present = present
        self._clock = tools.engine.clock
        self._record = Record(tools.history, self._key, identity, self._clock, unfinished)
        self._began = self._clock.now()
        self._spec: DeployedSpec | None = present.spec if present else None
        self._spec_digest = present.service.spec_digest if present else ""
        self._digests = present.deployed.digests if present else goal.digests
        self._through: SeeingThrough | None = None
        self.plan_id = ""
        self.did_not_come_up = False
        """The account took the specification, and the service did not come up with it."""

    @property
    def can_roll_back(self) -> bool:
        """Whether it did not come up, and there was something before."""
        return self.did_not_come_up and self._present is not None

    @property
    def actions(self) -> tuple[Action, ...]:
        """The steps with what does them, in their order."""
        return tuple(self._actions())

    def _actions(self) -> Iterator[Action]:
        goal, name = self._goal, self._key.qualified
        if goal.integrations is not None:
            statement = self._session.integrations_statement(self._key, goal.integrations)
            title = f"Set the external access integrations of {name}"
            yield Action(Step(INTEGRATIONS, title, statement), self._set_integrations)
        if self._present is None and goal.wish.creation is not None:
            shown = goal.document.without_hidden_values().text
            statement = self._session.create_statement(self._key, goal.wish.creation, shown)
            check = "DESCRIBE SERVICE shows this specification"
            yield Action(
                Step(CREATE, f"Create {name}", statement, "it is not there", check), self._create
            )
        elif goal.sends:
            shown = goal.document.without_hidden_values().text
            statement = self._session.specification_statement(self._key, shown)
            check = "DESCRIBE SERVICE shows this specification"
            title = f"Give {name} the new specification"
            before = "nobody else has changed it"
            yield Action(Step(SPECIFICATION, title, statement, before, check), self._alter)
        if goal.waits:
            check = "SHOW SERVICE INSTANCES and CONTAINERS: all READY, with the new digests"
            title = "Wait until every instance runs it and is READY"
            yield Action(Step(ROLLOUT, title, verification=check), self._until_ready)
            check = "Prefect shows a heartbeat of each since its container started"
            title = "Wait until every worker beats in Prefect"
            yield Action(Step(HEARTBEATS, title, verification=check), self._until_beating)

    @property
    def hidden(self) -> tuple[str, ...]:
        """Values that must not be told: literals that look like credentials."""
        documents = [self._goal.document]
        if self._present is not None:
            documents.append(self._present.deployed.document)
        return tuple(
            variable.value
            for document in documents
            for container in document.container_names
            for variable in document.variables(container)
            if not variable.secret and looks_like_a_key(variable.name, variable.value)
        )

    async def check(self) -> None:
        """Refuses the plan where somebody else changed the service since it was made.

        Raises:
            PlanRefusedError: Says what changed.
            SnowflakeError: It cannot be read now.
        """
        if self._present is None:
            if await self._read() is not None:
                raise PlanRefusedError(
                    f"somebody else created {self._key.qualified} since the plan was made",
                    next_step=AGAIN,
                )
            return
        now = await self._read()
        if now is None:
            raise PlanRefusedError(
                f"{self._key.qualified} is not there any more, or this role may no longer see it"
            )
        planned = self._present.service
        if now.service.spec_digest != planned.spec_digest:
            changes = "; ".join(changed_meanwhile(self._present, now).words)
            raise PlanRefusedError(
                f"somebody else changed {self._key.qualified} since the plan was made: "
                f"{changes or 'the same specification was sent again'}",
                next_step=AGAIN,
            )
        await ServiceGround(self._session, planned).check()

    async def _read(self) -> Present | None:
        return await read_present(self._session, self._key, self._tools.read_spec)

    async def _set_integrations(self, _: Tell) -> Outcome:
        names = self._goal.integrations or ()
        return Outcome(query_id=await self._session.set_integrations(self._key, names))

    async def _create(self, tell: Tell) -> Outcome:
        creation = self._goal.wish.creation
        assert creation is not None
        await self.check()
        self._begin(HistoryKind.CREATED)
        text = self._goal.document.text
        return await self._send(
            lambda: self._session.create_service(self._key, creation, text), tell
        )

    async def _alter(self, tell: Tell) -> Outcome:
        # Right before the statement again: an earlier step may have taken its time.
        await self.check()
        assert self._present is not None
        self._record.keep_found(self._present)
        self._begin(self._goal.wish.kind)
        text = self._goal.document.text
        return await self._send(lambda: self._session.alter_specification(self._key, text), tell)

    def _begin(self, kind: HistoryKind) -> None:
        goal = self._goal
        self._record.begin(
            kind, goal.document, goal.digests, why=goal.wish.why, plan_id=self.plan_id
        )

    async def _send(self, statement: Callable[[], Awaitable[str]], tell: Tell) -> Outcome:
        """Send it, and read back what the account made of it."""
        self._began = self._clock.now()
        try:
            query_id = await statement()
        except StatementRefusedError as error:
            self._record.refused()
            raise _explained(error) from error
        except SnowflakeUnreachableError:
            tell("no answer: looking whether it took effect")
            query_id = ""
            if not await self._took_effect():
                raise
        await self._read_back()
        return Outcome(query_id=query_id)

    async def _took_effect(self) -> bool:
        now = await self._read()
        before = self._present.service.spec_digest if self._present else ""
        return now is not None and now.service.spec_digest != before

    async def _read_back(self) -> None:
        now = await self._read()
        if now is None:
            raise PlanRefusedError(f"{self._key.qualified} was dropped by somebody else")
        home = (self._key.database, self._key.schema)
        wanted = Side(self._goal.document)
        if words := "; ".join(compare(now.side, wanted, home=home, filled_in=True).words):
            raise PlanRefusedError(
                f"{self._key.qualified} has another specification than was sent, somebody else "
                f"was faster: {words}",
                next_step=AGAIN,
            )
        self._spec, self._spec_digest = now.spec, now.service.spec_digest
        self._digests = now.deployed.digests or self._goal.digests
        self._record.applied(self._spec_digest, self._digests)

    async def _until_ready(self, tell: Tell) -> Outcome:
        if not self._goal.sends:
            # An earlier run sent it, and was interrupted.
            self._record.applied(self._spec_digest, self._digests)
        return await self._seeing().until_ready(tell)

    async def _until_beating(self, tell: Tell) -> Outcome:
        outcome = await self._seeing().until_beating(tell)
        self._record.ended(well=True)
        return outcome

    def _seeing(self) -> SeeingThrough:
        if self._through is None:
            rollout = Rollout(
                self._session, self._key, self._spec_digest, self._digests, self._clock
            )
            binding = bind(self._spec) if self._spec else None
            self._through = SeeingThrough(
                self._tools, self._session, rollout, binding, self._began, self._failed
            )
        return self._through

    def _failed(self) -> str:
        self.did_not_come_up = True
        self._record.ended(well=False)
        if self._present is None:
            return "Correct the image or the specification, and run update again."
        return f"Roll back with: spcs-worker-tui rollback {self._key} --to previous"


def _explained(error: StatementRefusedError) -> StatementRefusedError:
    """The refusal with a next step, where the account's own words have none."""
    cure = next((step for word, step in _CURES if word in str(error)), "")
    error.next_step = cure or error.next_step or _LOOK
    return error


_LOOK = "Nothing was changed. Correct what it says, and run the same command again."
_CURES = (
    ("Secret '", "Create that secret, or ask for: GRANT READ ON SECRET … TO ROLE …"),
    ("Integration '", "Create it, or ask for: GRANT USAGE ON INTEGRATION … TO ROLE …"),
    ("Compute Pool '", "Create it, or ask for: GRANT USAGE ON COMPUTE POOL … TO ROLE …"),
    ("does not fit", "Ask for less under resources, or use a pool of a larger instance family."),
    ("Image '", "Push that image, or ask for: GRANT READ ON IMAGE REPOSITORY … TO ROLE …"),
    ("Insufficient privileges", "Ask the owner for: GRANT OPERATE ON SERVICE … TO ROLE …"),
)
