"""What goes wrong in containers: killed, frozen, out of memory, in a loop, without their image."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from spcs_worker_tui.sandbox.faults.model import FaultError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Image, Service
    from spcs_worker_tui.sandbox.runtimes.base import RunningContainer

_LOOK_SECONDS = 0.1


class Machinery(Protocol):
    """What runs an account's services."""

    def running(
        self, service: Service, instance_id: int, container: str
    ) -> RunningContainer | None:
        """The present life of a container."""

    def replace_instances(self, service: Service) -> None:
        """End them all; others are made in their place."""


class Harm(StrEnum):
    """What is done to all containers of a service."""

    KILL = "kill"
    """SIGKILL, once."""
    OOM = "oom"
    """Killed for its memory, once."""
    FREEZE = "freeze"
    """Stopped as by SIGSTOP until it is cleared: no heartbeat, no probe, no log line."""
    LOOP = "loop"
    """Every life ends with exit code 1 soon after its start, until it is cleared."""
    BAD_IMAGE = "bad-image"
    """Its image cannot be pulled, and its lives end, until it is cleared."""


_ONCE = frozenset({Harm.KILL, Harm.OOM})


@runtime_checkable
class Breakable(Protocol):
    """What a life has to be able to suffer."""

    def freeze(self) -> None:
        """Stop where it is."""

    def thaw(self) -> None:
        """Go on."""

    def crash(self, code: int = 1, *, oom_killed: bool = False) -> None:
        """End as if by itself."""


@dataclass(slots=True)
class _Standing:
    connection: str
    account: Account
    service: Service
    harm: Harm
    task: asyncio.Task[None] | None = None
    images: Sequence[Image] = ()
    frozen: list[Breakable] = field(default_factory=list)


class ContainerFaults:
    """Harms services and undoes it.

    Args:
        accounts: By the names of the saved connections.
        machinery: What runs the services of an account.
    """

    def __init__(
        self, accounts: Mapping[str, Account], machinery: Callable[[Account], Machinery]
    ) -> None:
        self._accounts = accounts
        self._machinery = machinery
        self._standing: dict[tuple[str, str, Harm], _Standing] = {}

    def do(self, harm: Harm, connection: str, service: str) -> None:
        """Harm a service.

        Raises:
            FaultError: There is no such connection or service, or it has no container to harm.
        """
        account, found = self._find(connection, service)
        one = _Standing(connection, account, found, harm)
        key = (connection, found.key[2], harm)
        if key in self._standing:
            return
        lives = self._lives(one)
        if not lives and harm in _ONCE | {Harm.FREEZE}:
            raise FaultError(f"{service} has no container that runs in a process or is played")
        match harm:
            case Harm.KILL:
                _each(lives, lambda life: life.crash(137))
            case Harm.OOM:
                _each(lives, lambda life: life.crash(137, oom_killed=True))
            case Harm.FREEZE:
                one.frozen = lives
                _each(lives, lambda life: life.freeze())
            case Harm.BAD_IMAGE:
                one.images = [image for image in _images(one) if image.pullable]
                for image in one.images:
                    image.pullable = False
                # As when its node is lost: the next instance has to pull the image anew.
                self._machinery(account).replace_instances(found)
            case Harm.LOOP:
                one.task = asyncio.create_task(self._crash_again(one), name="fault loop")
        if harm not in _ONCE:
            self._standing[key] = one

    def clear(self) -> bool:
        """Undo what stands; False when nothing did."""
        standing, self._standing = self._standing, {}
        for one in standing.values():
            if one.task is not None:
                one.task.cancel()
            for image in one.images:
                image.pullable = True
            _each(one.frozen, lambda life: life.thaw())
        return bool(standing)

    def is_frozen(self, service: Service) -> bool:
        """Whether its workers are silent."""
        return any(
            one.service is service and one.harm is Harm.FREEZE for one in self._standing.values()
        )

    def all(self) -> list[dict[str, Any]]:
        """What stands, for the control endpoint."""
        return [
            {"kind": str(one.harm), "connection": one.connection, "service": one.service.key[2]}
            for one in self._standing.values()
        ]

    def _find(self, connection: str, service: str) -> tuple[Account, Service]:
        if (account := self._accounts.get(connection)) is None:
            raise FaultError(
                f"there is no connection {connection[:80]!r}; there are "
                + ", ".join(self._accounts)
            )
        wanted = tuple(service.upper().split("."))
        found = [one for one in account.services.values() if one.key[-len(wanted) :] == wanted]
        if len(found) != 1:
            what = "more than one" if found else "no"
            raise FaultError(f"there is {what} service {service[:80]!r} on {connection}")
        return account, found[0]

    def _lives(self, one: _Standing) -> list[Breakable]:
        return list(self._each_life(one))

    def _each_life(self, one: _Standing) -> Iterator[Breakable]:
        machinery = self._machinery(one.account)
        for instance in one.service.instances:
            for container in instance.containers:
                life = machinery.running(one.service, instance.instance_id, container.name)
                if isinstance(life, Breakable):
                    yield life

    async def _crash_again(self, one: _Standing) -> None:
        while True:
            _each(self._lives(one), lambda life: life.crash(1))
            await asyncio.sleep(_LOOK_SECONDS)


def _images(one: _Standing) -> Iterator[Image]:
    digests = set(one.service.digests.values())
    for repository in one.account.image_repositories.values():
        yield from (image for image in repository.images if image.digest in digests)


def _each(lives: Sequence[Breakable], do: Callable[[Breakable], None]) -> None:
    for life in lives:
        do(life)
