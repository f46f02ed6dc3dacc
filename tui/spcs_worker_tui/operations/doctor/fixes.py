"""From what was found to a plan that mends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.doctor import (
    AddHost,
    ChangeProbe,
    DropEndpoint,
    Fix,
    HideVariable,
    MakePrivate,
    SendStatements,
)
from spcs_worker_tui.domain.doctor_egress import leads_to, with_hosts
from spcs_worker_tui.domain.environment import EditEnvironment, SetVariable
from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.spec_edits import with_probe, without_endpoint
from spcs_worker_tui.operations.apply import Action, Outcome, Tell
from spcs_worker_tui.operations.update import Tools, Updates
from spcs_worker_tui.operations.update import Wish as UpdateWish
from spcs_worker_tui.operations.update.present import Present, read_present

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Change
    from spcs_worker_tui.domain.wishes import Wish
    from spcs_worker_tui.operations.doctor.session import AccountSession


@dataclass(frozen=True, slots=True)
class Fixes:
    """Plans every fix that a finding may carry.

    Attributes:
        tools: What updates need; its engine applies the plans.
        session: The session of a saved connection, by its name.
        wish: Plans what the rest of the program knows how to do.
        make_private: Takes away everybody else's rights on a file; raises `ConfigurationError`.
    """

    tools: Tools
    session: Callable[[str], AccountSession]
    wish: Callable[[Wish], Awaitable[Change]]
    make_private: Callable[[str], None]

    async def change(self, fix: Fix) -> Change:
        """What mending would do.

        Raises:
            FleetError: It cannot be planned now.
        """
        match fix:
            case MakePrivate():
                return self._make_private(fix)
            case SendStatements():
                return self._send(fix)
            case AddHost():
                return await self._add_host(fix)
            case HideVariable():
                return await self._hide(fix)
            case ChangeProbe() | DropEndpoint():
                return await self._respecify(fix)
            case _:
                return await self.wish(fix)

    def _make_private(self, fix: MakePrivate) -> Change:
        title = f"Let nobody but you read and write {fix.path}"

        async def do(_: Tell) -> Outcome:
            await asyncio.to_thread(self.make_private, fix.path)
            return Outcome()

        step = Step("private", title, f"chmod 600 {fix.path}")
        engine = self.tools.engine
        plan = Plan(title, None, (step,), engine.clock.now(), subject=fix.path)
        return engine.change(plan, [Action(step, do)])

    def _send(self, fix: SendStatements) -> Change:
        session = self.session(fix.connection)

        def action(number: int, statement: str) -> Action:
            async def do(_: Tell) -> Outcome:
                return Outcome(query_id=await session.run_statement(statement))

            return Action(Step(f"statement-{number}", fix.title, statement), do)

        actions = [action(number, one) for number, one in enumerate(fix.statements, 1)]
        engine = self.tools.engine
        plan = Plan(
            fix.title,
            fix.service,
            tuple(one.step for one in actions),
            engine.clock.now(),
            subject=fix.connection,
            connection=fix.connection,
        )
        return engine.change(plan, actions)

    async def _add_host(self, fix: AddHost) -> Change:
        session = self.session(fix.connection)
        rule = fix.rule.qualified

        async def hosts() -> tuple[str, ...]:
            return (await session.describe_network_rule(fix.rule)).hosts or ()

        before = await hosts()
        statement = with_hosts(fix.rule, (*before, fix.host), session.quoted)

        async def do(_: Tell) -> Outcome:
            return Outcome(query_id=await session.run_statement(statement))

        async def is_done() -> str:
            return f"{rule} leads there" if leads_to(before, fix.host) else ""

        async def check() -> None:
            if await hosts() != before:
                raise PlanRefusedError(
                    f"network rule {rule} was changed meanwhile", next_step="Look again."
                )

        title = f"Let network rule {rule} lead to {fix.host}"
        step = Step("hosts", title, statement)
        engine = self.tools.engine
        plan = Plan(
            title, None, (step,), engine.clock.now(), subject=rule, connection=fix.connection
        )
        return engine.change(plan, [Action(step, do, is_done)], check)

    async def _hide(self, fix: HideVariable) -> Change:
        """The value is read when it is moved: no finding holds it."""
        present = await self._present(fix)
        found = (
            variable
            for variable in present.deployed.document.variables(fix.container)
            if variable.name == fix.name and not variable.secret
        )
        variable = next(found, None)
        if variable is None:
            raise PlanRefusedError(f"{fix.name} stands in the specification no longer")
        edit = SetVariable(fix.name, variable.value, fix.container)
        why = f"the key {fix.name} stood in the specification"
        digest = present.service.spec_digest
        return await self.wish(EditEnvironment(fix.service, (edit,), spec_digest=digest, why=why))

    async def _respecify(self, fix: ChangeProbe | DropEndpoint) -> Change:
        """The same images, with something else changed."""
        document = (await self._present(fix)).deployed.pinned
        match fix:
            case ChangeProbe():
                document = with_probe(document, fix.container, fix.port, fix.path)
                why = f"the probe of container {fix.container} was wrong"
            case DropEndpoint():
                document = without_endpoint(document, fix.endpoint)
                why = f"endpoint {fix.endpoint} was public"
        return await Updates(self.tools).plan(UpdateWish(fix.service, document, why=why))

    async def _present(self, fix: HideVariable | ChangeProbe | DropEndpoint) -> Present:
        key = fix.service
        session = self.session(key.connection)
        present = await read_present(session, key, self.tools.read_spec)
        if present is None:
            raise PlanRefusedError(f"there is no service {key.qualified} any more")
        return present
