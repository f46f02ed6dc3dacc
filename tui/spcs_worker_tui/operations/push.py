"""Pushes an image to the image repository of an environment, and sees that it is there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.building import (
    ImageRepository,
    LocalImage,
    RegistrySession,
    checked_tag,
)
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    EngineError,
    FleetError,
    RegistryError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.nearest import nearest
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.text import masked, one_line
from spcs_worker_tui.operations.apply import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.waiting import wait_until
from spcs_worker_tui.operations.build import refuse_platform, short
from spcs_worker_tui.operations.build_request import chosen_image
from spcs_worker_tui.operations.push_meter import PushMeter

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ImageSnapshot
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.domain.settings import Environment, Project
    from spcs_worker_tui.domain.wishes import Push
    from spcs_worker_tui.operations.apply.engine import PlannedChange
    from spcs_worker_tui.operations.build_tools import ImageTools

PUSH = "push"
"""The id of the step. While it runs, `part` is a layer, or `push_meter.ALL_LAYERS`, and `done` of
`total` are its bytes."""
LISTED_WITHIN = 20.0
"""Seconds until SHOW IMAGES has to show what was pushed."""
_URL = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?/[a-z0-9_$]+/[a-z0-9_$]+/[a-z0-9_$]+")
_PARTS = 4
"""Database, schema, repository, image; the last may have slashes in it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an image is pushed.

    Attributes:
        repository: Of the account.
        image: Its name there.
    """

    repository: ImageRepository
    image: str
    tag: str

    @property
    def place(self) -> str:
        """`host/db/schema/repository/image`."""
        return f"{self.repository.url}/{self.image}"

    @property
    def reference(self) -> str:
        """`host/db/schema/repository/image:tag`."""
        return f"{self.place}:{self.tag}"


async def destination(session: RegistrySession, path: str) -> Destination:
    """The place that a path means, in the account of that session.

    Args:
        session: Signs in, unless that was done.
        path: `[host/]db/schema/repository/image:tag`.

    Raises:
        ConfigurationError: It is no such path, or there is no such repository.
        RegistryError: The host is not that of the account's registry.
        SnowflakeError: The account cannot be asked.
    """
    host, names, tag = _taken_apart(path)
    identity = await session.open()
    repositories = {r.path: r for r in await session.show_image_repositories()}
    wanted = "/".join(names[:3])
    found = repositories.get(wanted)
    if found is None:
        name = wanted.replace("/", ".").upper()
        raise ConfigurationError(
            f"there is no image repository {name} that role {identity.role} can see"
            f"{nearest(wanted, repositories)}",
            next_step=f"Create it (sql/ has the statements), or ask for: GRANT READ, WRITE ON "
            f"IMAGE REPOSITORY {name} TO ROLE {identity.role}",
        )
    if not _URL.fullmatch(found.url) or found.url.partition("/")[2] != wanted:
        raise RegistryError(
            f"the account calls its registry {one_line(found.url, 120)!r}, which is no address "
            f"of {wanted}",
            next_step="Nothing was sent there; ask whoever runs the account.",
        )
    if host and host != found.host:
        raise RegistryError(
            f"{host} is not the registry of this account, which is {found.host}",
            next_step="Nothing was sent there; leave the host out.",
        )
    return Destination(found, "/".join(names[3:]), tag)


def _taken_apart(path: str) -> tuple[str, list[str], str]:
    names = path.strip("/").split("/")
    host = ""
    if len(names) > _PARTS and ("." in names[0] or ":" in names[0]):
        # What docker is given has to be in lower case, as the registry's own name is (contract 5).
        host, *names = names
    *folders, last = names
    image, _, tag = last.partition(":")
    names = [*folders, image]
    if len(names) < _PARTS or not all(names) or "@" in path:
        raise ConfigurationError(
            f"{one_line(path, 120)!r} is no place for an image",
            next_step="It looks like DATABASE/SCHEMA/REPOSITORY/IMAGE:TAG.",
        )
    return host.lower(), [name.lower() for name in names], checked_tag(tag or "latest")


class ImagePush:
    """One push, and what came of it.

    Args:
        tools: What it needs from outside.
        session: Of the account that the repository is in.
        to: Where to.
        image: What to push, by name or id; asked when it is needed.
    """

    def __init__(
        self,
        tools: ImageTools,
        session: RegistrySession,
        to: Destination,
        image: Callable[[], str],
    ) -> None:
        self._tools = tools
        self._session = session
        self._to = to
        self._image = image

    @property
    def action(self) -> Action:
        """The step, and what does it."""
        step = Step(
            PUSH,
            f"Push {self._to.image}:{self._to.tag} to {self._to.repository.path}",
            f"docker push {self._to.reference}",
            verification="SHOW IMAGES shows the tag with the digest that the registry gave",
        )
        return Action(step, self._push, self._is_there)

    async def _is_there(self) -> str:
        """Whether that very image has that very tag there already."""
        local = await self._tools.images.image(self._image())
        listed = await self._listed()
        if local is None or listed is None:
            return ""
        if f"{self._to.place}@{listed.digest}" not in local.pushed:
            return ""
        return f"it is there already, {short(listed.digest)}"

    async def _push(self, tell: Tell) -> Outcome:
        local = await self._local()
        password = await self._session.registry_password()
        meter = PushMeter(tell, self._tools.engine.clock)
        try:
            digest = await self._tools.images.push(
                local.id, self._to.reference, password, meter.report
            )
        except EngineError as error:
            raise _without(error, password) from error
        said = meter.summary
        await self._verify(digest, tell)
        return Outcome(f"{short(digest)}{f', {said}' if said else ''}")

    async def _local(self) -> LocalImage:
        name = self._image()
        local = await self._tools.images.image(name)
        if local is None:
            raise ConfigurationError(
                f"the Docker engine has no image {name}",
                next_step="Build it first: `spcs-worker-tui build`.",
            )
        refuse_platform(local, name)
        return local

    async def _verify(self, digest: str, tell: Tell) -> None:
        """See that the tag is there, with that digest.

        Raises:
            RegistryError: It is not, or means another image.
        """

        async def look() -> tuple[bool, str]:
            listed = await self._session.show_images(self._to.repository.path)
            found = _tagged(listed, self._to)
            if found is not None and found.digest != digest:
                raise RegistryError(
                    f"tag {self._to.tag} is {short(found.digest)} in the repository, and "
                    f"{short(digest)} was pushed: somebody else pushed at the same time",
                    next_step="Push again, or under a tag of its own.",
                )
            return found is not None, f"SHOW IMAGES does not show {self._to.image}:{self._to.tag}"

        try:
            await wait_until(look, tell, self._tools.engine.clock, within=LISTED_WITHIN, poll=1.0)
        except StatementRefusedError as error:
            tell(f"the registry took it, but this role may not list the repository: {error}")

    async def _listed(self) -> ImageSnapshot | None:
        try:
            return _tagged(await self._session.show_images(self._to.repository.path), self._to)
        except StatementRefusedError:
            return None  # WRITE is enough to push, and READ is needed to list


def _tagged(images: tuple[ImageSnapshot, ...], to: Destination) -> ImageSnapshot | None:
    own = (image for image in images if image.image_name == to.image)
    return next((image for image in own if to.tag in image.tags), None)


def _without(error: EngineError, password: Secret) -> FleetError:
    """The error, free of what a registry may have thought worth repeating."""
    secrets = [password.reveal(), str(json.loads(password.reveal()).get("token", ""))]
    return type(error)(masked(str(error), secrets), next_step=masked(error.next_step, secrets))


class Pushes:
    """Plans pushes.

    Args:
        tools: What they need from outside.
    """

    def __init__(self, tools: ImageTools) -> None:
        self._tools = tools

    async def plan(
        self,
        project: Project,
        environment: Environment,
        session: RegistrySession,
        wish: Push,
    ) -> PlannedChange:
        """The plan of pushing only.

        Raises:
            ConfigurationError: There is no such image, repository or tag.
            EngineError: There is no engine, or the image cannot run in the account.
            SnowflakeError: The account cannot be asked.
        """
        if wish.to and wish.image:
            path, image = wish.to, wish.image
        else:
            chosen = await chosen_image(self._tools.source, project, environment, wish.tag)
            path = wish.to or environment.image_path(chosen.tag)
            image = wish.image or chosen.name
        local = await self._tools.images.image(image)
        if local is None:
            raise ConfigurationError(
                f"the Docker engine has no image {image}",
                next_step="Build it first with `spcs-worker-tui build`, or name another one.",
            )
        refuse_platform(local, image)
        to = await destination(session, path)
        push = ImagePush(self._tools, session, to, lambda: image)
        plan = Plan(
            title=f"Push {image} to {to.repository.path}",
            service=None,
            steps=(),
            made_at=self._tools.engine.clock.now(),
            subject=to.reference,
            connection=environment.connection,
        )
        return self._tools.engine.change(plan, [push.action])
