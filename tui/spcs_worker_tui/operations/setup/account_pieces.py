"""What of the account is there, is made or is lacking, file by file, and the secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.account import PUBLIC
from spcs_worker_tui.domain.rates import cost_words
from spcs_worker_tui.domain.setup import Answers, Piece, PieceState, RoleStatement
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.setup.actors import Actors, Need, creation_needs
from spcs_worker_tui.operations.setup.words import (
    Creates,
    Grants,
    GrantsRole,
    Uses,
    meaning,
)

if TYPE_CHECKING:
    from spcs_worker_tui.operations.setup.facts import Facts
    from spcs_worker_tui.operations.setup.scripts import Script
    from spcs_worker_tui.operations.setup.tools import SetupSession

SECRET_COMMENT = "Prefect API key of the workers"  # noqa: S105 - says what it is
"""As `07_secret.sql` has it: by its comment a tear-down knows what a set-up made."""
NOBODY = "NOBODY"
"""In the place of a name that was not given."""


def variables(session: SetupSession, answers: Answers, user: str) -> dict[str, str]:
    """A value for every variable of the files that make something."""
    repository = answers.repository_name
    quoted = session.quoted
    return {
        "role": quoted(answers.role),
        "user": quoted(user),
        "database": quoted(answers.database),
        "schema": quoted(answers.schema),
        "repository": quoted(repository.name),
        "compute_pool": quoted(answers.compute_pool),
        "instance_family": answers.instance_family,
        "min_nodes": str(answers.min_nodes),
        "max_nodes": str(answers.max_nodes),
        "auto_suspend_secs": str(answers.auto_suspend_secs),
        "network_rule": quoted(answers.network_rule),
        "prefect_host": answers.prefect_host,
        "integration": quoted(answers.integration),
        "network_rules": quoted(answers.network_rule),
        "secret": quoted(answers.secret_name.name),
        "service": quoted(answers.service),
        # A name that nobody has, where none is wanted: what is said of it is passed over.
        "monitor_role": quoted(answers.monitor_role or NOBODY),
        "monitor_user": quoted(user),
    }


@dataclass
class _Found:
    """What one file comes to."""

    made: bool = False
    changed: bool = False
    notes: list[str] = field(default_factory=list)
    statements: list[RoleStatement] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)

    @property
    def state(self) -> PieceState:
        if self.asks:
            return PieceState.LACKING
        if self.made:
            return PieceState.MADE
        return PieceState.CHANGED if self.statements else PieceState.THERE


@dataclass
class AccountPieces:
    """Goes through the files, one statement after the other.

    Args:
        session: Knows how names are written.
        answers: What is wanted.
        facts: What is there.
        files: By their numbers.
    """

    session: SetupSession
    answers: Answers
    facts: Facts
    files: Mapping[str, Script]

    def __post_init__(self) -> None:
        self.there = self.facts.there(self.answers)
        self.actors = Actors(self.facts)
        self.values = variables(self.session, self.answers, self.facts.standing.user)

    def from_scripts(self) -> Iterator[Piece]:
        """Role, database, repository, pool, network rule, integration."""
        a = self.answers
        repository = a.repository_name
        place = {
            "database": self.session.quoted(repository.database),
            "schema": self.session.quoted(repository.schema),
        }
        nodes = (
            f"{a.min_nodes}" if a.min_nodes == a.max_nodes else f"{a.min_nodes} to {a.max_nodes}"
        )
        plural = "" if a.max_nodes == 1 else "s"
        yield self._piece("role", "01", f"Role {a.role}")
        yield self._piece("database", "02", f"Database {a.database} with schema {a.schema}")
        yield self._piece(
            "repository", "03", f"Image repository {repository.qualified}", values=place
        )
        pool = self.facts.pool
        family = pool.instance_family if pool else a.instance_family
        least, most = (pool.min_nodes, pool.max_nodes) if pool else (a.min_nodes, a.max_nodes)
        title = f"Compute pool {a.compute_pool}"
        title += "" if pool else f" of {nodes} {a.instance_family} node{plural}"
        yield self._piece("pool", "04", title, costs=cost_words(family, least, most))
        yield self._piece("rule", "05", f"Network rule {a.network_rule} for {a.prefect_host}")
        yield self._piece("integration", "06", f"External access integration {a.integration}")

    def monitor(self) -> Iterator[Piece]:
        """The role that may only look, if it is wanted."""
        if self.answers.monitor_role:
            yield self._piece("monitor", "09", f"Monitoring role {self.answers.monitor_role}")

    def _piece(
        self,
        name: str,
        number: str,
        title: str,
        *,
        values: Mapping[str, str] | None = None,
        costs: str = "",
    ) -> Piece:
        found = _Found()
        named, place = self.facts.standing.role, ""
        for statement in self.files[number].statements({**self.values, **(values or {})}):
            match meaning(statement):
                case Uses(kind="ROLE", name=role):
                    named = role
                case Uses():
                    place = statement
                case Creates(kind=kind, name=what):
                    self._create(found, named, kind, what, place, statement)
                case Grants() as grants:
                    self._grant(found, named, grants, statement)
                case GrantsRole() as grants:
                    self._grant_role(found, named, grants, statement)
                case _:
                    raise ValueError(f"a set-up file drops something: {statement}")
        detail = "; ".join(found.notes) or DETAILS[found.state]
        return Piece(
            name,
            title,
            found.state,
            detail,
            tuple(found.statements),
            tuple(found.asks),
            costs,
        )

    def _create(
        self, found: _Found, named: str, kind: str, name: str, place: str, statement: str
    ) -> None:
        if (kind, name) in self.there:
            self._complete(found, named, kind, name)
            return
        found.made = True
        actor = self.actors.creator(named, kind, name)
        # Who makes something owns it, and so may do what follows; also after having been asked.
        self.actors.will_own(kind, name, actor or self.facts.standing.role)
        if not actor:
            found.asks.append(self._asked_for(kind, name))
            return
        if place:
            found.statements.append(RoleStatement(actor, place))
        found.statements.append(RoleStatement(actor, statement))

    def _asked_for(self, kind: str, name: str) -> str:
        role = self.session.quoted(self.facts.standing.role or PUBLIC)
        return creation_needs(kind, name)[0].asked_for(role)

    def _complete(self, found: _Found, named: str, kind: str, name: str) -> None:
        """What is there gets what it lacks, and keeps what it has."""
        statement = ""
        if kind == "NETWORK RULE":
            statement = self._with_host(found)
        elif kind == "INTEGRATION":
            statement = self._with_rule(found)
        if not statement:
            return
        actor = self.actors.changer(named, kind, name)
        if actor:
            found.statements.append(RoleStatement(actor, statement))
        else:
            found.asks.append(statement)

    def _with_host(self, found: _Found) -> str:
        rule, host = self.facts.rule, self.answers.prefect_host
        hosts = (rule.hosts if rule else None) or ()
        if lets_out(hosts, host):
            return ""
        found.notes.append(f"it does not let out to {host} yet")
        listed = ", ".join(f"'{one}'" for one in (*hosts, host))
        name = self.session.quoted(*self.answers.home, self.answers.network_rule)
        return f"ALTER NETWORK RULE {name} SET VALUE_LIST = ({listed})"

    def _with_rule(self, found: _Found) -> str:
        integration, rule = self.facts.integration, self.answers.rule_name
        assert integration is not None, "it is there"
        rules = integration.rules or ()
        if rule in rules and integration.is_enabled:
            return ""
        found.notes.append("it does not allow the network rule yet" if rule not in rules else "off")
        names = dict.fromkeys((*rules, rule))
        listed = ", ".join(self.session.quoted(n.database, n.schema, n.name) for n in names)
        name = self.session.quoted(integration.name)
        return (
            f"ALTER EXTERNAL ACCESS INTEGRATION {name} SET ALLOWED_NETWORK_RULES = ({listed}) "
            "ENABLED = TRUE"
        )

    def _grant(self, found: _Found, named: str, grants: Grants, statement: str) -> None:
        missing = [
            privilege
            for privilege in grants.privileges
            if grants.within or not self._holds(grants.role, privilege, grants.kind, grants.name)
        ]
        if not missing:
            return
        actor = self.actors.granter(named, grants.kind, grants.name)
        if actor:
            found.statements.append(RoleStatement(actor, statement))
        else:
            found.asks.append(statement)

    def _holds(self, role: str, privilege: str, kind: str, name: str) -> bool:
        return self.actors.holds(role, (Need(privilege, kind, name),))

    def _grant_role(self, found: _Found, named: str, grants: GrantsRole, statement: str) -> None:
        if ("ROLE", grants.role) in self.there and self.facts.standing.can_take(grants.role):
            return
        actor = self.actors.granter(named, "ROLE", grants.role)
        if actor:
            found.statements.append(RoleStatement(actor, statement))
        else:
            found.asks.append(statement)

    def secret(self) -> Iterator[Piece]:
        """The secret, if the Prefect API asks for a key."""
        a, there = self.answers, self.facts.secret
        if not a.secret:
            return
        title = f"Secret {a.secret_name.qualified}"
        if there is None:
            statement = self.session.create_secret_statement(a.secret_name, SECRET_COMMENT)
            made = RoleStatement(a.role, statement)
            yield Piece("secret", title, PieceState.MADE, "it is made with the key", (made,))
            return
        if not there.is_text:
            why = f"it is there, and of type {one_line(there.secret_type)}, not GENERIC_STRING"
            yield Piece("secret", title, PieceState.LACKING, why)
            return
        found = _Found()
        if a.renew_secret:
            actor = self.actors.changer(a.role, "SECRET", a.secret_name.qualified)
            statement = self.session.alter_secret_statement(a.secret_name)
            if actor:
                found.statements.append(RoleStatement(actor, statement))
            else:
                role = self.session.quoted(self.facts.standing.role)
                name = self.session.secret_reference(a.secret_name)
                found.asks.append(f"GRANT MODIFY ON SECRET {name} TO ROLE {role}")
        statement = self.session.grant_read_statement(a.secret_name, a.role)
        grants = Grants(("READ",), "SECRET", a.secret_name.qualified, a.role)
        self._grant(found, a.role, grants, statement)
        detail = "it gets the key" if a.renew_secret else "it keeps the value that it has"
        yield Piece(
            "secret", title, found.state, detail, tuple(found.statements), tuple(found.asks)
        )

    def service(self) -> Piece:
        """The service itself."""
        a, there = self.answers, self.facts.service(self.answers)
        title = f"Service {a.key.qualified}"
        if there is None:
            return Piece("service", title, PieceState.MADE, "it is created")
        if there.owner not in ("", a.role):
            why = (
                f"it is there, and owned by {there.owner}, which cannot be changed: let that be "
                f"the role instead of {a.role}, or name another service"
            )
            return Piece("service", title, PieceState.LACKING, why)
        how = f"it is {there.status}, and brought up to date"
        return Piece("service", title, PieceState.CHANGED, how)


DETAILS = {
    PieceState.THERE: "it is there, and stays as it is",
    PieceState.MADE: "it is made",
    PieceState.CHANGED: "it is there, and gets what it lacks",
    PieceState.LACKING: "this role may not do that",
}


def lets_out(hosts: tuple[str, ...], wanted: str) -> bool:
    """Whether a network rule's hosts cover one; without a port one means 443 (contract 1.12)."""
    whole = {host if ":" in host else f"{host}:443" for host in hosts}
    everywhere = f"0.0.0.0:{wanted.rpartition(':')[2]}"
    return wanted in whole or everywhere in whole
