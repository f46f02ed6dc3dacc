"""Which Snowflake secret a variable's value goes into, and the steps that put it there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    NotVisibleError,
    PlanRefusedError,
    PrivilegeError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.plan import Step
from spcs_worker_tui.domain.secret_objects import SecretName, SecretObject
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.apply import Action, Outcome, Tell

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey, ServiceSnapshot
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.domain.ports import Identity, SnowflakeSession
    from spcs_worker_tui.domain.spec_document import Variable
    from spcs_worker_tui.operations.environment.edits import SecretValue

SECRET_STRING = "secret_string"  # noqa: S105 - a word of the specification (contract 3.2)
_EXISTS = frozenset({2002, 3041})
_KEPT_VALUE = "The specification was not changed."


def secret_comment(service: ServiceKey, variable: str, container: str = "") -> str:
    """By this a secret is found again that an interrupted run has made and not yet used.

    Args:
        service: Whose.
        variable: Its name.
        container: Which one, unless it is the first.
    """
    place = f"container {container} of {service.qualified}" if container else service.qualified
    return f"{variable} of {place}, made by spcs-worker-tui"


def secret_for(service: ServiceKey, variable: str, container: str = "") -> SecretName:
    """The secret of a variable that has none yet: beside its service, named after both.

    The arguments are those of `secret_comment`.
    """
    parts = [service.name, container.upper().replace("-", "_"), variable]
    return SecretName(service.database, service.schema, "_".join(filter(None, parts)))


@dataclass(frozen=True, slots=True)
class Placed:
    """A value with the secret that it goes into.

    Attributes:
        reference: As the specification names the secret.
        comment: Of the secret, where it is made.
        exists: The secret is there, and gets another value.
        is_referenced: The variable comes from it already.
        is_shared: It was not made for this variable, so that others may use it.
    """

    wanted: SecretValue
    name: SecretName
    reference: str
    comment: str
    exists: bool
    is_referenced: bool = False
    is_shared: bool = False

    @property
    def words(self) -> str:
        """The difference that it makes, in the words of `spec_difference.Change`."""
        what = "a new value for" if self.exists else "a new"
        variable = f"{self.wanted.container}: variable {self.wanted.name}"
        return f"{variable}: {what} secret {one_line(self.name.qualified)}"


@dataclass
class SecretPlaces:
    """Looks which secrets there are, and places values in them.

    Args:
        session: Of the service's connection.
        service: As it is now.
        identity: Who is signed in.
        first: The service's first container.
    """

    session: SnowflakeSession
    service: ServiceSnapshot
    identity: Identity
    first: str
    _seen: dict[tuple[str, str], tuple[SecretObject, ...]] = field(default_factory=dict)

    async def place(self, values: Sequence[SecretValue]) -> tuple[Placed, ...]:
        """The secret of each value.

        Raises:
            PlanRefusedError: It cannot be that one; says why.
            SnowflakeError: It cannot be seen now which secrets there are.
        """
        placed = [await self._place(value) for value in values]
        names = [one.name for one in placed]
        for one in placed:
            if names.count(one.name) > 1:
                raise PlanRefusedError(
                    f"{one.wanted.name} comes from secret {one_line(one.name.qualified)}, which "
                    "would get two values at once",
                    next_step="Change one of its variables at a time.",
                )
        return tuple(placed)

    async def _place(self, value: SecretValue) -> Placed:
        container = "" if value.container == self.first else value.container
        own = secret_for(self.service.key, value.name, container)
        name = self._referenced(value.before) or own
        there = await self._look(name)
        comment = secret_comment(self.service.key, value.name, container)
        if there is not None and not there.is_text:
            raise PlanRefusedError(
                f"secret {one_line(name.qualified)} is there already and is of type "
                f"{one_line(there.secret_type) or 'unknown'}, not GENERIC_STRING",
                next_step=f"Unset {value.name} first, or drop or rename that secret.",
            )
        is_referenced = value.before is not None and bool(value.before.secret)
        is_ours = there is not None and there.comment == comment
        if there is not None and not is_ours and not is_referenced:
            raise PlanRefusedError(
                f"secret {one_line(name.qualified)} is there already, and was not made for this "
                "variable: others may use its value",
                next_step=f"Use it as it is with `env set {value.name} --from-secret NAME`, or drop"
                " or rename it.",
            )
        reference = self.session.secret_reference(name)
        exists = there is not None
        return Placed(value, name, reference, comment, exists, is_referenced, not is_ours)

    def _referenced(self, before: Variable | None) -> SecretName | None:
        if before is None or not before.secret:
            return None
        if before.secret_key not in ("", SECRET_STRING):
            raise PlanRefusedError(
                f"{before.name} is the {one_line(before.secret_key)} of secret "
                f"{one_line(before.secret)}, and not a text of its own",
                next_step="Change it with ALTER SECRET, or unset the variable first.",
            )
        key = self.service.key
        return SecretName.parse(before.secret, (key.database, key.schema))

    async def _look(self, name: SecretName) -> SecretObject | None:
        place = (name.database, name.schema)
        if place not in self._seen:
            try:
                self._seen[place] = tuple(await self.session.show_secrets(*place))
            except StatementRefusedError as error:
                schema = ".".join(place)
                raise PlanRefusedError(
                    f"whether there is a secret {one_line(name.qualified)} cannot be seen: {error}",
                    next_step=f"Ask for: GRANT USAGE ON SCHEMA {schema} TO ROLE "
                    f"{self.identity.role}",
                ) from error
        return next((found for found in self._seen[place] if found.name == name), None)

    def actions(self, placed: Sequence[Placed]) -> Iterator[Action]:
        """What puts the values into their secrets, one step each."""
        for number, one in enumerate(placed, 1):
            yield self._value_action(one, number)
            # Also where an interrupted run has made it: granting twice is granting once.
            is_new = not one.exists or not (one.is_referenced or one.is_shared)
            if is_new and self.service.owner not in ("", self.identity.role):
                yield self._grant_action(one, number)

    def _value_action(self, one: Placed, number: int) -> Action:
        session, name = self.session, one.name
        shown = one_line(name.qualified)
        if one.exists:
            statement = session.alter_secret_statement(name)
            step = Step(f"secret-{number}", f"Give secret {shown} a new value", statement)
            return Action(step, self._doing(one))
        statement = session.create_secret_statement(name, one.comment)
        step = Step(
            f"secret-{number}",
            f"Create secret {shown}",
            statement,
            "there is none of that name",
            "SHOW SECRETS shows it",
        )
        return Action(step, self._doing(one))

    def _grant_action(self, one: Placed, number: int) -> Action:
        """The service reads it as the role that owns the service (contract 1.7)."""
        session, owner = self.session, self.service.owner
        statement = session.grant_read_statement(one.name, owner)
        title = f"Let role {one_line(owner)}, which owns the service, read it"

        async def do(_: Tell) -> Outcome:
            return Outcome(query_id=await session.grant_read(one.name, owner))

        return Action(Step(f"grant-{number}", title, statement), do)

    def _doing(self, one: Placed) -> _Doing:
        return _Doing(self.session, one, self.identity.role)


@dataclass(frozen=True)
class _Doing:
    """Sends one value."""

    session: SnowflakeSession
    placed: Placed
    role: str

    async def __call__(self, _: Tell) -> Outcome:
        value: Secret = self.placed.wanted.value
        name = self.placed.name
        try:
            if self.placed.exists:
                return Outcome(query_id=await self.session.alter_secret(name, value))
            comment = self.placed.comment
            return Outcome(query_id=await self.session.create_secret(name, value, comment))
        except StatementRefusedError as error:
            error.next_step = self._cure(error)
            raise

    def _cure(self, error: StatementRefusedError) -> str:
        name = self.placed.name
        schema = f"{name.database}.{name.schema}"
        if error.errno in _EXISTS:
            return (
                "It was made meanwhile, or this role may not see it: run the same command again, "
                f"or ask for: GRANT USAGE, MODIFY ON SECRET {name.qualified} TO ROLE {self.role}"
            )
        if not isinstance(error, PrivilegeError | NotVisibleError):
            return _KEPT_VALUE
        if self.placed.exists:
            return f"Ask for: GRANT MODIFY ON SECRET {name.qualified} TO ROLE {self.role}"
        return f"Ask for: GRANT CREATE SECRET ON SCHEMA {schema} TO ROLE {self.role}"
