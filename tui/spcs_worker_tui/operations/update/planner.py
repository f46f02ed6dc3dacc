"""From what is wanted and what is there to the plan that makes them the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, StatementRefusedError
from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.history import HistoryEntry, HistoryState
from spcs_worker_tui.domain.nearest import nearest
from spcs_worker_tui.domain.plan import Plan, StepProgress
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.spec_difference import Side, SpecDifference, compare
from spcs_worker_tui.domain.spec_document import SpecDocument
from spcs_worker_tui.operations.update.images import Resolved, resolve
from spcs_worker_tui.operations.update.present import Present, read_present
from spcs_worker_tui.operations.update.steps import Goal, UpdateSteps

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import SnowflakeSession
    from spcs_worker_tui.operations.apply.engine import PlannedChange
    from spcs_worker_tui.operations.update.tools import Tools
    from spcs_worker_tui.operations.update.wish import Wish

_UNFINISHED = (HistoryState.BEGUN, HistoryState.APPLIED, HistoryState.FAILED)
"""What did not come up the last time is looked at again, and not taken for done."""


@dataclass(frozen=True, slots=True)
class PlannedUpdate:
    """Implements the port `Change`.

    Attributes:
        change: The plan with its actions.
        difference: What will differ afterwards.
        steps: Know, once it was applied, how it went.
    """

    change: PlannedChange
    difference: SpecDifference
    steps: UpdateSteps

    @property
    def plan(self) -> Plan:
        """What will be done."""
        return self.change.plan

    @property
    def did_not_come_up(self) -> bool:
        """Whether it was applied, and the service did not become what it should be."""
        return self.steps.did_not_come_up

    @property
    def can_roll_back(self) -> bool:
        """Whether it did not come up, and there was something before; see the port."""
        return self.steps.can_roll_back

    def apply(self) -> AsyncGenerator[StepProgress, None]:
        """Do it; see the port."""
        return self.change.apply()


class Updates:
    """Plans updates of services, and their first creation.

    Args:
        tools: What they need from outside.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def plan(self, wish: Wish) -> PlannedUpdate:
        """What has to be done so that the service is as wished; nothing where it is.

        Raises:
            ConfigurationError: The wish cannot be: no such service, image, compute pool …
            PlanRefusedError: The service is in no state to be changed.
            SnowflakeError: What is there cannot be read.
        """
        session = self._tools.sessions(wish.key.connection)
        present = await read_present(session, wish.key, self._tools.read_spec)
        if present is None:
            return await self._creation(session, wish)
        resolved = await resolve(session, wish, present.deployed)
        wanted = Side(resolved.document, resolved.digests)
        home = (wish.key.database, wish.key.schema)
        difference = compare(present.side, wanted, home=home, filled_in=True)
        unknown = bool(wish.image and resolved.unread and not difference)
        unfinished = self._unfinished(present, resolved.document)
        goal = Goal(
            wish,
            resolved.document,
            resolved.digests,
            sends=bool(difference) or unknown,
            waits=not present.is_down
            and (bool(difference) or unknown or unfinished is not None or _is_moving(present)),
            integrations=_integrations(wish, present),
        )
        steps = UpdateSteps(self._tools, session, goal, present, present.identity, unfinished)
        plan = self._plan(wish, steps)
        plan = replace(
            plan,
            spec_digest=present.service.spec_digest,
            status=present.service.status,
            differences=(*difference.words, *_integration_words(goal, present)),
            warnings=tuple(_warnings(wish, resolved, present, goal)),
        )
        return self._change(plan, steps, difference)

    async def _creation(self, session: SnowflakeSession, wish: Wish) -> PlannedUpdate:
        identity = await session.open()
        if wish.creation is None or wish.document is None:
            raise ConfigurationError(
                f"there is no service {wish.key.qualified} that role {identity.role} can see",
                next_step="Create it from a project: `spcs-worker-tui update --env NAME`.",
            )
        await self._check_compute_pool(session, wish.creation.compute_pool)
        resolved = await resolve(session, wish, None)
        goal = Goal(wish, resolved.document, resolved.digests, sends=True, waits=True)
        steps = UpdateSteps(self._tools, session, goal, None, identity)
        plan = self._plan(wish, steps)
        plan = replace(
            plan,
            title=f"Create {wish.key.qualified}",
            differences=tuple(_described(resolved)),
            warnings=resolved.unread,
        )
        return self._change(plan, steps, SpecDifference())

    async def _check_compute_pool(self, session: SnowflakeSession, name: str) -> None:
        try:
            pools = await session.show_compute_pools()
        except StatementRefusedError:
            return  # the account says it when the service is created
        names = [pool.name for pool in pools]
        if name not in names:
            raise ConfigurationError(
                f"there is no compute pool {name} that this role can see{nearest(name, names)}",
                next_step=f"Create it, or ask for: GRANT USAGE ON COMPUTE POOL {name} TO ROLE …",
            )

    def _unfinished(self, present: Present, document: SpecDocument) -> HistoryEntry | None:
        """The entry of an update to this very document that did not end well, if there is one."""
        account, service = present.identity.account, present.service
        entries = self._tools.history.entries(account, service.key)
        last = entries[-1] if entries else None
        if last is None or last.state not in _UNFINISHED:
            return None
        if last.state is not HistoryState.BEGUN and last.spec_digest != service.spec_digest:
            return None
        return last if last.spec == document.without_hidden_values().text else None

    def _plan(self, wish: Wish, steps: UpdateSteps) -> Plan:
        return Plan(
            title=f"{wish.verb} {wish.key.qualified}",
            service=wish.key,
            steps=tuple(action.step for action in steps.actions),
            made_at=self._tools.engine.clock.now(),
        )

    def _change(self, plan: Plan, steps: UpdateSteps, difference: SpecDifference) -> PlannedUpdate:
        steps.plan_id = plan.id
        change = self._tools.engine.change(plan, steps.actions, steps.check, steps.hidden)
        return PlannedUpdate(change, difference, steps)


def _is_moving(present: Present) -> bool:
    return present.service.is_upgrading or present.service.status is not ServiceStatus.RUNNING


def _integrations(wish: Wish, present: Present) -> tuple[str, ...] | None:
    """The list that has to be set, or None where it is as wished."""
    now = present.service.external_access_integrations
    if wish.integrations is None or sorted(wish.integrations) == sorted(now):
        return None
    return wish.integrations


def _integration_words(goal: Goal, present: Present) -> Iterator[str]:
    if goal.integrations is not None:
        now = ", ".join(present.service.external_access_integrations) or "none"
        wanted = ", ".join(goal.integrations) or "none"
        yield f"external access integrations: {now} -> {wanted}"


def _described(resolved: Resolved) -> Iterator[str]:
    """A new specification, in the words of a difference from nothing."""
    document = resolved.document
    nothing = SpecDocument({"spec": {"containers": []}})
    side = Side(document, resolved.digests)
    yield from compare(Side(nothing), side).words
    for container in document.container_names:
        for variable in document.variables(container):
            yield f"{container}: variable {variable.name}: {variable.shown}"


def _warnings(wish: Wish, resolved: Resolved, present: Present, goal: Goal) -> Iterator[str]:
    service = present.service
    if not goal.sends and goal.integrations is None:
        yield "Nothing differs from what is deployed."
        if goal.waits:
            yield "It is not up yet, or was not seen to be: that is waited for."
    yield from resolved.unread
    if goal.sends and present.is_down:
        yield "It is suspended: the new specification takes effect when it is resumed."
    elif goal.sends:
        count = max(service.current_instances, service.target_instances)
        gap = " There is only one, so nobody works meanwhile." if count <= 1 else ""
        yield (
            "Instances are replaced one at a time, the highest first; flow runs that do not end "
            f"within 30 s of SIGTERM are lost.{gap}"
        )
    for endpoint in _public_endpoints(resolved.document):
        yield f"Endpoint {endpoint} is public: a worker needs none."
    yield from _literal_keys(resolved.document)
    creation = wish.creation
    if creation is not None:
        yield from _other_properties(
            (
                ("MIN_INSTANCES", service.min_instances, creation.min_instances),
                ("MAX_INSTANCES", service.max_instances, creation.max_instances),
                ("compute pool", service.compute_pool, creation.compute_pool),
            )
        )


def _other_properties(pairs: Sequence[tuple[str, object, object]]) -> Iterator[str]:
    for name, now, wanted in pairs:
        if now != wanted:
            yield f"The settings say {name} {wanted}, the service has {now}: update leaves that."


def _public_endpoints(document: SpecDocument) -> Iterator[str]:
    spec = document.tree.get("spec")
    endpoints = spec.get("endpoints") if isinstance(spec, dict) else None
    for endpoint in endpoints if isinstance(endpoints, list) else ():
        if isinstance(endpoint, dict) and endpoint.get("public") is True:
            yield str(endpoint.get("name", ""))


def _literal_keys(document: SpecDocument) -> Iterator[str]:
    for container in document.container_names:
        for variable in document.variables(container):
            if not variable.secret and looks_like_a_key(variable.name, variable.value):
                yield (
                    f"{variable.name} of container {container} looks like a key and stands in the "
                    "specification, where everybody who may DESCRIBE the service reads it: make "
                    "it a Snowflake secret."
                )
