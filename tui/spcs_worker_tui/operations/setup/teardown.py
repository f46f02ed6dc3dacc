"""The plan that takes down what a set-up has made, in reverse order.

Only what carries the comment that the files under `sql/` give is taken for made by a set-up; the
rest was there before, and stays. So does what others use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.setup import Answers, RoleStatement, checked
from spcs_worker_tui.operations.apply import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.waiting import wait_until
from spcs_worker_tui.operations.lifecycle_waiting import until_gone
from spcs_worker_tui.operations.setup.account_pieces import variables
from spcs_worker_tui.operations.setup.actors import Actors
from spcs_worker_tui.operations.setup.facts import Facts, gather_facts
from spcs_worker_tui.operations.setup.scripts import Script, scripts
from spcs_worker_tui.operations.setup.steps import send, shown
from spcs_worker_tui.operations.setup.words import Creates, Drops, comment_of, meaning

if TYPE_CHECKING:
    from spcs_worker_tui.operations.apply.engine import PlannedChange
    from spcs_worker_tui.operations.setup.tools import SetupTools

_ORDINARY = ("90", "91", "92", "93", "94")
_EVERYTHING = ("95", "96", "97")
_MAKING = ("01", "02", "03", "04", "05", "06", "07", "09")
_ADMIN = "ACCOUNTADMIN"
_GONE_WITHIN = 180.0
_POLL = 1.0


class Teardown:
    """Plans the way back.

    Args:
        tools: As for `Setup`.
    """

    def __init__(self, tools: SetupTools) -> None:
        self._tools = tools

    async def plan(
        self, answers: Answers, confirmed: str, *, everything: bool = False
    ) -> PlannedChange:
        """What takes down the worker's surroundings, as far as a set-up made them.

        Args:
            answers: Those of the set-up.
            confirmed: The service's qualified name, typed in full.
            everything: Schema, database and roles, too, with all that others put there.

        Raises:
            ConfigurationError: An answer cannot be.
            PlanRefusedError: The name is another one, or this role may not drop something.
            SnowflakeError: The account does not answer.
        """
        answers = checked(answers)
        name = answers.key.qualified
        if confirmed.casefold() != name.casefold():
            raise PlanRefusedError(
                f"{confirmed!r} is not the whole name of {name}, so nothing is taken down",
                next_step=f"Add --confirm {name} to take it down.",
            )
        facts = await gather_facts(self._tools.session, answers)
        files = scripts(self._tools.scripts())
        found = _Found(self._tools, answers, facts, files)
        actions = [*found.actions(_ORDINARY), *(found.actions(_EVERYTHING) if everything else ())]
        if found.asks:
            raise PlanRefusedError(
                f"role {facts.standing.role} may not drop all of it",
                next_step=f"Have an administrator run: {'; '.join(found.asks)}",
            )
        engine = self._tools.engine
        plan = Plan(
            title=f"Take down {name}",
            service=None,
            steps=(),
            made_at=engine.clock.now(),
            subject=name,
            connection=answers.connection,
            differences=tuple(f"{what} stays: {why}" for what, why in found.staying),
            warnings=tuple(_warnings(answers, actions, everything=everything)),
        )

        async def check() -> None:
            now = await gather_facts(self._tools.session, answers)
            if now.there(answers) != facts.there(answers):
                raise PlanRefusedError(
                    "the account is not any more as the plan saw it",
                    next_step="Make the plan again.",
                )

        return engine.change(plan, actions, check)


def _warnings(answers: Answers, actions: Sequence[Action], *, everything: bool) -> Iterator[str]:
    dropped = {action.step.id for action in actions}
    if "drop-service" in dropped:
        yield "Flow runs that do not end within 30 s of SIGTERM are lost."
    if "drop-image-repository" in dropped:
        yield "The image repository goes with every image in it, of whatever program."
    if everything:
        yield (
            f"Schema {'.'.join(answers.home)} and database {answers.database} go with everything "
            "in them, whoever made it."
        )
    yield (
        f"Work pool {answers.work_pool}, its deployments, the key in the keyring and the project's "
        "files stay."
    )


@dataclass
class _Found:
    """Goes through the files that take down.

    Attributes:
        staying: What is there and is not dropped, and why.
        asks: What somebody else has to run.
    """

    tools: SetupTools
    answers: Answers
    facts: Facts
    files: dict[str, Script]
    staying: list[tuple[str, str]] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        a = self.answers
        quoted = self.tools.session.quoted
        self._values = variables(self.tools.session, a, self.facts.standing.user) | {
            "drop_database": quoted(a.database),
            "drop_schema": quoted(a.schema),
        }
        self._there = self.facts.there(a)
        self._actors = Actors(self.facts)
        self._comments = dict(self._made_comments())

    def _of(self, number: str) -> Sequence[str]:
        values, quoted = self._values, self.tools.session.quoted
        elsewhere = {
            **dict.fromkeys(("03", "94"), self.answers.repository_name),
            **dict.fromkeys(("07", "93"), self.answers.secret_name),
        }
        if name := elsewhere.get(number):
            values = values | {"database": quoted(name.database), "schema": quoted(name.schema)}
        return self.files[number].statements(values)

    def _made_comments(self) -> Iterator[tuple[tuple[str, str], str]]:
        """What the files call the things that they make."""
        for number in _MAKING:
            for statement in self._of(number):
                if isinstance(what := meaning(statement), Creates):
                    yield (what.kind, what.name), comment_of(statement)

    def actions(self, numbers: Sequence[str]) -> Iterator[Action]:
        """The drops of these files, of what is there and ours."""
        for number in numbers:
            for statement in self._of(number):
                what = meaning(statement)
                if isinstance(what, Drops) and (what.kind, what.name) in self._there:
                    yield from self._drop(what, statement)

    def _drop(self, what: Drops, statement: str) -> Iterator[Action]:
        name = f"{what.kind.capitalize()} {what.name}"
        if why := self._why_not(what):
            self.staying.append((name, why))
            return
        actor = self._actor(what)
        if not actor:
            self.asks.append(statement)
            return
        statements = (RoleStatement(actor, statement),)
        step = Step(
            f"drop-{what.kind.lower().replace(' ', '-')}",
            f"Drop {what.kind.lower()} {what.name}",
            shown(statements),
        )
        if what.kind == "ROLE":
            step = Step(f"drop-role-{what.name.lower()}", step.title, step.statement)

        async def do(tell: Tell) -> Outcome:
            return await send(self.tools, statements, tell)

        yield Action(step, do)
        if what.kind == "SERVICE":
            title = f"Wait until {what.name} is gone"
            check = "SHOW SERVICES does not show it"
            yield Action(Step("gone", title, verification=check), self._until_gone)

    async def _until_gone(self, tell: Tell) -> Outcome:
        look = until_gone(self.tools.session, self.answers.key)
        clock = self.tools.engine.clock
        return await wait_until(look, tell, clock, within=_GONE_WITHIN, poll=_POLL)

    def _actor(self, what: Drops) -> str:
        if what.kind == "SERVICE":
            service, standing = self.facts.service(self.answers), self.facts.standing
            owner = service.owner if service else ""
            if owner in standing.roles and standing.role:
                return standing.role
            return next((r for r in (owner, _ADMIN) if r and standing.can_take(r)), "")
        return self._actors.changer(_ADMIN, what.kind, what.name)

    def _why_not(self, what: Drops) -> str:
        """Why it stays, or nothing."""
        if what.kind == "SERVICE":
            return ""
        if self._comment(what) != self._comments.get((what.kind, what.name)):
            return "it was there before, its comment is not the set-up's"
        return _USED.get(what.kind, _unused)(self)

    def _comment(self, what: Drops) -> str | None:
        facts = self.facts
        if what.kind == "ROLE":
            return facts.standing.known.get(what.name)
        objects = {
            "DATABASE": facts.database,
            "SCHEMA": facts.schema,
            "IMAGE REPOSITORY": facts.repository,
            "COMPUTE POOL": facts.pool,
            "NETWORK RULE": facts.rule,
            "INTEGRATION": facts.integration,
            "SECRET": facts.secret,
        }
        found = objects[what.kind]
        return found.comment if found else None

    def integration_users(self) -> str:
        """Which other services go out by the integration, as a reason."""
        return _names(
            service.key.qualified
            for service in self.facts.services
            if self.answers.integration in service.external_access_integrations
            and service.key != self.answers.key
        )

    def pool_users(self) -> str:
        """Whether others run in the pool, as a reason."""
        pool, own = self.facts.pool, self.facts.service(self.answers)
        count = (pool.num_services + pool.num_jobs) if pool else 0
        count -= own is not None and own.compute_pool == self.answers.compute_pool
        return f"{count} other service{'s' * (count != 1)} or job in it" if count > 0 else ""


def _unused(_: _Found) -> str:
    return ""


def _names(names: Iterator[str]) -> str:
    listed = ", ".join(sorted(names))
    return f"{listed} use it, too" if listed else ""


_USED: dict[str, Callable[[_Found], str]] = {
    "INTEGRATION": _Found.integration_users,
    "NETWORK RULE": _Found.integration_users,
    "COMPUTE POOL": _Found.pool_users,
}
