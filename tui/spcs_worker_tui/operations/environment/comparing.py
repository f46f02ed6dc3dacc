"""What differs between the deployed variables and what a project or a .env file says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.environment import EnvironmentRow, ServiceEnvironment
from spcs_worker_tui.domain.spec_difference import Change, Side, compare
from spcs_worker_tui.domain.spec_document import SpecDocument, Variable

if TYPE_CHECKING:
    from spcs_worker_tui.domain.dotenv import DotenvEntry


@dataclass(frozen=True, slots=True)
class VariableDifference:
    """From what is deployed to what is wanted.

    Attributes:
        changes: Without values that look like credentials.
        only_deployed: Variables that the file says nothing of, as `container.NAME`; it would leave
            them, where a project's `update` would remove them.
        not_compared: Variables whose values come from secrets, and so cannot be read.
    """

    changes: tuple[Change, ...]
    only_deployed: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()


def against_document(environment: ServiceEnvironment, wanted: SpecDocument) -> VariableDifference:
    """What an update to that document would change of the variables."""
    rows = (
        EnvironmentRow(container, variable)
        for container in wanted.container_names
        for variable in wanted.variables(container)
    )
    containers = tuple(c for c in wanted.container_names if c in environment.containers)
    return VariableDifference(_changes(environment, containers, tuple(rows)))


def against_entries(
    environment: ServiceEnvironment, entries: Sequence[DotenvEntry], container: str
) -> VariableDifference:
    """What importing those lines into that container would change."""
    deployed = {row.name: row for row in environment.of(container)}
    secret = {name for name, row in deployed.items() if row.is_secret}
    given = {entry.name for entry in entries}
    rows = tuple(
        EnvironmentRow(container, Variable(entry.name, entry.value))
        for entry in entries
        if entry.name not in secret
    )
    compared = tuple(row for row in environment.rows if row.name in given - secret)
    reduced = replace(environment, rows=compared)
    return VariableDifference(
        _changes(reduced, (container,), rows),
        tuple(f"{container}.{name}" for name in deployed if name not in given),
        tuple(f"{container}.{name}" for name in deployed if name in secret & given),
    )


def _changes(
    environment: ServiceEnvironment,
    containers: Sequence[str],
    wanted: Sequence[EnvironmentRow],
) -> tuple[Change, ...]:
    before, after = (Side(_document(containers, rows)) for rows in (environment.rows, wanted))
    home = (environment.key.database, environment.key.schema)
    return compare(before, after, home=home).changes


def _document(containers: Sequence[str], rows: Iterable[EnvironmentRow]) -> SpecDocument:
    """A specification of nothing but these variables."""
    tree = {"spec": {"containers": [{"name": name, "image": ""} for name in containers]}}
    document = SpecDocument(tree)
    for row in rows:
        variable = row.variable
        if row.container not in containers:
            continue
        if variable.secret:
            document = document.with_secret(
                variable.name, variable.secret, row.container, variable.secret_key
            )
        else:
            document = document.with_variable(variable.name, variable.value, row.container)
    return document
