"""The specifications of services as the project's settings say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.fleet import ContainerSpec, DeployedSpec
from spcs_worker_tui.domain.settings import FILE_NAME
from spcs_worker_tui.domain.spec_difference import Side, compare
from spcs_worker_tui.domain.spec_document import deployed_document
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.update.images import chosen
from spcs_worker_tui.operations.update.wish import Wish, wish_for

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.settings import Environment, Project
    from spcs_worker_tui.domain.spec_document import SpecDocument
    from spcs_worker_tui.domain.spec_source import Node


class ProjectSpecs:
    """Looks services up in the settings; may be asked from several threads.

    Args:
        read_project: The settings of the project that we are in, or None; may take a while, and
            gives the same object while nothing has changed.
        read_document: Reads a specification file; likewise.
        read_spec: Reads the YAML of a deployed specification.
    """

    def __init__(
        self,
        read_project: Callable[[], Project | None],
        read_document: Callable[[Path], SpecDocument],
        read_spec: Callable[[str], Node],
    ) -> None:
        self._read_project = read_project
        self._read_document = read_document
        self._read_spec = read_spec
        self._known: dict[str, _Written] = {}
        self._lock = Lock()

    def spec_of(self, key: ServiceKey) -> DeployedSpec | None:
        """As far as watching needs it; None where no environment is about that service.

        The environment of the same connection counts, or else those of the same name, where they
        agree: who may only look often has a connection of its own.

        Raises:
            ConfigurationError: The settings or the specification cannot be read.
        """
        found = self._about((key,))[key]
        specs = [one.for_watching for one in found]
        return specs[0] if specs and all(one == specs[0] for one in specs) else None

    def stamps(self, keys: Sequence[ServiceKey]) -> Mapping[ServiceKey, str]:
        """Of those services that the project is about: what stands for the spec it has for them.

        Nothing where its files cannot be read: whoever wants to change something is told why.
        """
        try:
            found = self._about(keys).items()
            return {key: about[0].stamp for key, about in found if _agree(about)}
        except ConfigurationError:
            return {}

    def differing_fields(self, key: ServiceKey, deployed: DeployedSpec) -> tuple[str, ...] | None:
        """What `update` would change, in one word each; the digests of images aside.

        None where the project is not about that service, or its files cannot be read.
        """
        try:
            about = self._about((key,))[key]
            if not _agree(about):
                return None
            there = deployed_document(self._read_spec(deployed.source or deployed.text))
            # A tag that nobody has named yet is of another image, or there would be the deployed.
            wish = about[0].wish
            wanted = chosen(replace(wish, fallback_tag=wish.fallback_tag or "latest"), there)
        except ConfigurationError:
            return None
        difference = compare(
            Side(there.document, there.digests),
            Side(wanted),
            home=(key.database, key.schema),
            filled_in=True,
        )
        return tuple(one_line(field) for field in difference.fields)

    def _about(self, keys: Sequence[ServiceKey]) -> Mapping[ServiceKey, Sequence[_Written]]:
        """The environments of those services: those of the same connection, or else all."""
        with self._lock:
            project = self._read_project()
            if project is None:
                return dict.fromkeys(keys, ())
            named: dict[str, list[Environment]] = {}
            for environment in project.environments.values():
                named.setdefault(environment.key.qualified, []).append(environment)
            found: dict[ServiceKey, Sequence[_Written]] = {}
            for key in keys:
                there = named.get(key.qualified, ())
                own = [one for one in there if one.connection == key.connection]
                found[key] = [self._written(project, one) for one in own or there]
            return found

    def _written(self, project: Project, environment: Environment) -> _Written:
        document = self._read_document(Path(project.beside(environment.spec)))
        known = self._known.get(environment.name)
        if known is None or known.environment is not environment or known.document is not document:
            known = self._known[environment.name] = _Written(environment, document)
        return known


@dataclass(frozen=True)
class _Written:
    """One environment with its specification as written, and what they come to."""

    environment: Environment
    document: SpecDocument

    @cached_property
    def wish(self) -> Wish:
        """What `update` wants of the service."""
        return wish_for(self.environment, self.document)

    @cached_property
    def stamp(self) -> str:
        """Differs when what `update` wants does."""
        document = self.wish.document
        wanted = (self.wish.image_name, self.wish.fallback_tag, document.text if document else "")
        return sha256("\n".join(wanted).encode()).hexdigest()

    @cached_property
    def for_watching(self) -> DeployedSpec:
        """The container of the worker, with its variables."""
        name, document = self.wish.container, self.wish.document
        variables = document.variables(name) if document else ()
        container = ContainerSpec(
            name=name,
            image="",
            env={one.name: one.value for one in variables if not one.secret},
            secret_env=tuple(one.name for one in variables if one.secret),
        )
        return DeployedSpec("", "", (container,), said_by=FILE_NAME)


def _agree(found: Sequence[_Written]) -> bool:
    return len({one.stamp for one in found}) == 1
