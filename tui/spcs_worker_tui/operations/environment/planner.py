"""From edits of variables to one plan: secrets, the specification, and seeing it through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.environment import (
    EditEnvironment,
    EnvironmentRow,
    ServiceEnvironment,
)
from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.operations.apply.ground import AGAIN
from spcs_worker_tui.operations.environment.edits import Edited, edited
from spcs_worker_tui.operations.environment.images import KeptImages, keep_images, refuse_moved
from spcs_worker_tui.operations.environment.secrets import SECRET_STRING, Placed, SecretPlaces
from spcs_worker_tui.operations.update import PlannedUpdate, Tools, Updates, Wish
from spcs_worker_tui.operations.update.present import Present, read_present
from spcs_worker_tui.operations.update.steps import SPECIFICATION

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.plan import Plan
    from spcs_worker_tui.domain.ports import Change
    from spcs_worker_tui.operations.apply import Action, Outcome, PlannedChange, Tell

_LOOKS = 3
"""How often to plan again when somebody else changes the service while it is planned."""
_SHORTEST_MASKED = 4
"""Shorter values could not be told from the words around them; nothing here says them."""


@dataclass(frozen=True, slots=True)
class _Made:
    """All that a plan is put together from."""

    wish: EditEnvironment
    present: Present
    result: Edited
    places: SecretPlaces
    placed: tuple[Placed, ...]
    kept: KeptImages
    update: PlannedUpdate

    @property
    def sends(self) -> bool:
        """Whether the specification is sent, so that every container starts anew."""
        return bool(self.update.difference)


class Environments:
    """Shows environment variables, and plans changes of them.

    Args:
        tools: What updates need from outside.
        restart: Plans the restart of a service.
    """

    def __init__(self, tools: Tools, restart: Callable[[ServiceKey], PlannedChange]) -> None:
        self._tools = tools
        self._restart = restart

    async def read(self, key: ServiceKey) -> ServiceEnvironment:
        """The deployed variables.

        Raises:
            ConfigurationError: There is no such service.
            SnowflakeError: They cannot be read now, or not by this role.
        """
        present = await self._present(key)
        document = present.deployed.document
        rows = (
            EnvironmentRow(container, variable)
            for container in document.container_names
            for variable in document.variables(container)
        )
        digest = present.service.spec_digest
        return ServiceEnvironment(key, digest, document.container_names, tuple(rows))

    async def plan(self, wish: EditEnvironment) -> Change:
        """What making the edits would do; nothing where all is so already.

        Raises:
            ConfigurationError: An edit cannot be: an illegal name, no such container …
            PlanRefusedError: The state of things forbids it, or somebody changed the specification
                since the edits were made of it.
            SnowflakeError: What is there cannot be read.
        """
        for _ in range(_LOOKS):
            made = await self._made(wish)
            # Both have looked; a change in between must not be undone by what is sent.
            if made.update.plan.spec_digest == made.present.service.spec_digest:
                return self._change(made)
        raise PlanRefusedError(
            f"{wish.service.qualified} is being changed by somebody else", next_step=AGAIN
        )

    async def _present(self, key: ServiceKey) -> Present:
        session = self._tools.sessions(key.connection)
        present = await read_present(session, key, self._tools.read_spec)
        if present is None:
            role = (await session.open()).role
            raise ConfigurationError(
                f"there is no service {key.qualified} that role {role} can see",
                next_step="Check the name, or create it with `spcs-worker-tui update`.",
            )
        return present

    async def _made(self, wish: EditEnvironment) -> _Made:
        key = wish.service
        session = self._tools.sessions(key.connection)
        present = await self._present(key)
        if wish.spec_digest not in ("", present.service.spec_digest):
            raise PlanRefusedError(
                f"somebody else changed the specification of {key.qualified} since its variables "
                "were read",
                next_step="Read them again, and make your changes to what they are now.",
            )
        home = (key.database, key.schema)
        result = edited(present.deployed.document, wish.edits, home, session.secret_reference)
        first = present.deployed.document.container()
        places = SecretPlaces(session, present.service, present.identity, first)
        placed = await places.place(result.secrets)
        document = result.document
        for one in placed:
            if not (one.exists and one.is_referenced):
                document = document.with_secret(
                    one.wanted.name, one.reference, one.wanted.container, SECRET_STRING
                )
        kept = await keep_images(session, key, document, present.deployed)
        verb = "Change the environment of"
        wanted = Wish(key, kept.document, verb=verb, why=wish.why)
        update = await Updates(self._tools).plan(wanted)
        return _Made(wish, present, result, places, placed, kept, update)

    def _change(self, made: _Made) -> Change:
        actions = [*made.places.actions(made.placed)]
        checks = [made.update.change.check]
        hidden = [*made.update.change.secrets, *_hidden(made.placed)]
        warnings = [*made.result.notes, *made.kept.notes, *_shared(made.placed)]
        update = (self._guarded(made, action) for action in made.update.change.actions)
        if made.placed and not made.sends and made.wish.restart:
            restart = self._restart(made.wish.service)
            actions += restart.actions
            checks.append(restart.check)
            warnings += restart.plan.warnings
        else:
            actions += update
            unsent = made.placed and not made.sends
            warnings += _unseen(made) if unsent else made.update.plan.warnings

        async def check() -> None:
            for one in checks:
                await one()

        plan = self._plan(made, warnings)
        change = self._tools.engine.change(plan, actions, check, hidden)
        return replace(made.update, change=change)

    def _plan(self, made: _Made, warnings: Sequence[str]) -> Plan:
        plan = made.update.plan
        # Of the others the specification's difference says that they come from a secret.
        values = tuple(one.words for one in made.placed if one.is_referenced)
        return replace(
            plan,
            differences=(*plan.differences, *values),
            warnings=tuple(dict.fromkeys(warnings)),
        )

    def _guarded(self, made: _Made, action: Action) -> Action:
        """The action; the one that sends the specification only while its tags mean the same."""
        if action.step.id != SPECIFICATION:
            return action
        session = self._tools.sessions(made.wish.service.connection)

        async def do(tell: Tell) -> Outcome:
            document, deployed = made.kept.document, made.present.deployed
            await refuse_moved(session, made.wish.service, document, deployed)
            return await action.do(tell)

        return replace(action, do=do)


def _hidden(placed: Sequence[Placed]) -> Iterator[str]:
    for one in placed:
        value = one.wanted.value.reveal()
        if len(value) >= _SHORTEST_MASKED:
            yield value


def _shared(placed: Sequence[Placed]) -> Iterator[str]:
    for one in placed:
        if one.exists and one.is_shared:
            yield (
                f"Secret {one.name.qualified} was not made for this variable alone: whatever else "
                "uses it gets the new value, too, when it starts next."
            )


def _unseen(made: _Made) -> Iterator[str]:
    """That containers do not see the new value yet (contract 3.2)."""
    if made.present.is_down:
        yield "It is suspended: containers see the new value when it is resumed."
        return
    key = made.wish.service
    yield (
        "Containers keep the value that they started with until they start again: add --restart, "
        f"or do it later with `spcs-worker-tui restart {key}`."
    )
    if made.update.change.actions:
        yield "It is not up yet, or was not seen to be: that is waited for."
