"""What the checks on a service look at: the service as it is, or as the settings would make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from spcs_worker_tui.domain.account import OWNERSHIP, Privileges
from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.doctor import Check, Cure, Finding, Fix, Outcome, SendStatements
from spcs_worker_tui.domain.fleet import (
    ContainerSnapshot,
    ContainerSpec,
    ContainerStatus,
    DeployedSpec,
    PrefectBinding,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.spec_document import SpecDocument

STARTING = timedelta(minutes=2)
"""As long, a container that is not READY is no reason to worry (docs/health.md, rule 16)."""
_AT_REST = frozenset({ServiceStatus.SUSPENDED, ServiceStatus.SUSPENDING, ServiceStatus.DONE})


class Quote(Protocol):
    """Names as SQL writes them: `DB.SCHEMA.NAME`, each part quoted where it has to be."""

    def __call__(self, *parts: str) -> str:
        """From the outermost part on."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One service and its specification.

    Attributes:
        document: Its specification.
        owner: The role that it reads images and secrets as; for one that is not there yet, the
            role that would create it.
        role: The role that looks.
        binding: Which work pool its worker serves; None: it is no Prefect worker.
        digests: Container to the digest that its image is pinned to; only where it is deployed.
        service: As it was shown; None: it is not there yet.
        containers: Those that exist now, as far as they could be read.
        undecided: The container whose image only a build decides, if there is one.
        seen_at: When the containers were read, by our clock.
    """

    key: ServiceKey
    document: SpecDocument
    owner: str
    role: str
    compute_pool: str
    integrations: tuple[str, ...] = ()
    binding: PrefectBinding | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    service: ServiceSnapshot | None = None
    containers: tuple[ContainerSnapshot, ...] = ()
    undecided: str = ""
    seen_at: datetime | None = None

    @property
    def wants_to_run(self) -> bool:
        """Whether it is there and nobody suspended it."""
        return self.service is not None and self.service.status not in _AT_REST

    def is_ready(self, container: str) -> bool:
        """Whether an instance of that container is up, as the account sees it."""
        return any(
            one.name == container and one.status is ContainerStatus.READY for one in self.containers
        )

    def is_starting(self, container: str) -> bool:
        """Whether the youngest instance of that container started a moment ago."""
        began = [one.start_time for one in self.containers if one.name == container]
        last = max((at for at in began if at is not None), default=None)
        return bool(last and self.seen_at and self.seen_at - last < STARTING)

    @property
    def specs(self) -> tuple[dict[str, Any], ...]:
        """The containers, as the specification has them."""
        return _containers(self.document)

    def finding(
        self,
        check: Check,
        outcome: Outcome,
        text: str,
        cure: Cure | None = None,
        fix: Fix | None = None,
        subject: str = "",
    ) -> Finding:
        """A finding about this service."""
        return Finding(
            check,
            subject or self.key.qualified,
            outcome,
            text,
            cure,
            fix,
            self.key.connection,
            self.key,
        )


def bound(document: SpecDocument) -> PrefectBinding | None:
    """Which work pool a specification's worker would serve; None: it has none."""
    containers = tuple(
        ContainerSpec(
            name=str(one.get("name", "")),
            image=str(one.get("image", "")),
            env={str(k): str(v) for k, v in mapping(one.get("env")).items()},
            secret_env=tuple(
                str(entry["envVarName"])
                for entry in entries(one.get("secrets"))
                if entry.get("envVarName")
            ),
            command=words(one.get("command")),
            args=words(one.get("args")),
        )
        for one in _containers(document)
    )
    return bind(DeployedSpec(document.text, "", containers))


def grant(
    privilege: str,
    kind: str,
    name: str,
    role: str,
    *,
    by: Privileges,
    connection: str,
    quote: Quote,
) -> tuple[str, SendStatements | None]:
    """A GRANT, and the fix where the role that looks may grant it itself.

    Args:
        privilege: One or several, between commas.
        kind: As in `Grant`; ACCOUNT has no name.
        name: As SQL writes it.
        role: Who is to hold it; stored name.
        by: What the role that looks holds: who owns something may grant rights on it.
        connection: Through which the fix is sent.
        quote: Quotes names.
    """
    what = f"{kind} {name}" if name else kind
    statement = f"GRANT {privilege} ON {what} TO ROLE {quote(role)}"
    if not name or not by.holds(OWNERSHIP, kind, name):
        return statement, None
    title = f"Grant {privilege} on {what} to {role}"
    return statement, SendStatements(connection, title, (statement,))


def mapping(value: Any) -> dict[str, Any]:
    """A map as it is; anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[dict[str, Any]]:
    """The maps of a list; anything else as an empty list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def words(value: Any) -> tuple[str, ...]:
    """A list of texts; anything else as an empty one."""
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _containers(document: SpecDocument) -> tuple[dict[str, Any], ...]:
    return tuple(entries(mapping(document.tree.get("spec")).get("containers")))
