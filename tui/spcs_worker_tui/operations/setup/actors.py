"""Which role may send a statement: the one that its file names, the one in use, or nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.account import ACCOUNT, OWNERSHIP, Privileges

if TYPE_CHECKING:
    from spcs_worker_tui.operations.setup.facts import Facts

_ADMIN, _GRANTER = "ACCOUNTADMIN", "SECURITYADMIN"
_MANAGE_GRANTS = "MANAGE GRANTS"


@dataclass(frozen=True, slots=True)
class Need:
    """A privilege, and on what."""

    privilege: str
    kind: str
    name: str = ""

    def asked_for(self, role: str) -> str:
        """The statement that gives it."""
        what = " ".join(filter(None, (self.kind, self.name)))
        return f"GRANT {self.privilege} ON {what} TO ROLE {role}"


def creation_needs(kind: str, name: str) -> tuple[Need, ...]:
    """Any one of which lets a role create that (contract 1.10, 1.12)."""
    container = name.rpartition(".")[0]
    match kind:
        case "SCHEMA":
            return (Need("CREATE SCHEMA", "DATABASE", container),)
        case "INTEGRATION":
            return (
                Need("CREATE INTEGRATION", ACCOUNT),
                Need("CREATE EXTERNAL ACCESS INTEGRATION", ACCOUNT),
            )
        case "IMAGE REPOSITORY" | "NETWORK RULE" | "SECRET" | "SERVICE":
            return (Need(f"CREATE {kind}", "SCHEMA", container),)
        case _:
            return (Need(f"CREATE {kind}", ACCOUNT),)


@dataclass
class Actors:
    """Chooses roles, and knows who will own what the plan makes.

    Args:
        facts: What is there.
    """

    facts: Facts
    _coming: dict[tuple[str, str], str] = field(default_factory=dict)

    def will_own(self, kind: str, name: str, role: str) -> None:
        """The plan has that role create it."""
        self._coming[kind, name] = role

    def holds(self, role: str, needs: tuple[Need, ...]) -> bool:
        """Whether that role demonstrably holds one of these, or will by then."""
        roles = self.facts.standing.roles_of(role)
        privileges = Privileges(roles, self.facts.grants)
        return any(
            privileges.holds(need.privilege, need.kind, need.name)
            or self._coming.get((need.kind, need.name)) in roles
            for need in needs
        )

    def creator(self, named: str, kind: str, name: str) -> str:
        """Who creates it; empty: nobody who is here may."""
        needs = creation_needs(kind, name)
        return self._first((named, self.facts.standing.role, _ADMIN), needs)

    def changer(self, named: str, kind: str, name: str) -> str:
        """Who alters or drops it: its owner."""
        return self._first(
            (named, self.facts.standing.role, _ADMIN), (Need(OWNERSHIP, kind, name),)
        )

    def granter(self, named: str, kind: str, name: str) -> str:
        """Who grants privileges on it."""
        needs = (Need(OWNERSHIP, kind, name), Need(_MANAGE_GRANTS, ACCOUNT))
        return self._first((named, self.facts.standing.role, _GRANTER, _ADMIN), needs)

    def _first(self, candidates: tuple[str, ...], needs: tuple[Need, ...]) -> str:
        standing = self.facts.standing
        for role in dict.fromkeys(filter(None, candidates)):
            # It inherits everybody, which is not shown from within another role.
            if standing.can_take(role) and (role == _ADMIN or self.holds(role, needs)):
                return role
        return ""
