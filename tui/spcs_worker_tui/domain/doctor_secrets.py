"""Checks on the Snowflake secrets that a specification refers to (contract 1.12, 3.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.doctor import Area, Check, Cure, Finding, Outcome
from spcs_worker_tui.domain.doctor_facts import Quote, Workload, entries, grant
from spcs_worker_tui.domain.secret_objects import SecretName, SecretObject
from spcs_worker_tui.domain.spec_document import secret_name

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import Privileges

SECRET = Check("secret", "The secrets are there, and the service may read them", Area.SERVICE)

CHECKS = (SECRET,)

_PARTS = {"secret_string": ("GENERIC", "GENERIC_STRING"), "username": ("PASSWORD",)}
_PARTS["password"] = _PARTS["username"]


def judge_secrets(
    workload: Workload, visible: Sequence[SecretObject], held: Privileges, quote: Quote
) -> Iterator[Finding]:
    """Each secret once, however many containers use it.

    Args:
        workload: The service.
        visible: The secrets of the account that the role sees.
        held: What the role, and all that it inherits, holds.
        quote: Quotes names.
    """
    home = (workload.key.database, workload.key.schema)
    seen: set[tuple[SecretName, str]] = set()
    for container in workload.specs:
        for entry in entries(container.get("secrets")):
            name = SecretName.parse(secret_name(entry), home)
            part = str(entry.get("secretKeyRef", ""))
            if name is None or (name, part) in seen or _is_reference(entry):
                continue
            seen.add((name, part))
            found = next((secret for secret in visible if secret.name == name), None)
            if found is None:
                yield _missing(workload, name, quote)
            else:
                yield _there(workload, found, part, held, quote)


def _is_reference(entry: dict[str, object]) -> bool:
    """A reference of a native app names no secret (contract 3.2)."""
    reference = entry.get("snowflakeSecret")
    return isinstance(reference, dict) and bool(reference.get("objectReference"))


def _missing(workload: Workload, name: SecretName, quote: Quote) -> Finding:
    full = quote(name.database, name.schema, name.name)
    return workload.finding(
        SECRET,
        Outcome.PROBLEM,
        f"there is no secret {name.qualified} that role {workload.role} can see",
        Cure(
            "Create it, with the value in place of '...', or, if it is there, have it granted. A "
            "container that lacks its secret does not start.",
            (
                f"CREATE SECRET {full} TYPE = GENERIC_STRING SECRET_STRING = '...'",
                f"GRANT USAGE, READ ON SECRET {full} TO ROLE {quote(workload.owner)}",
            ),
        ),
    )


def _there(
    workload: Workload, found: SecretObject, part: str, held: Privileges, quote: Quote
) -> Finding:
    name = found.name
    full = quote(name.database, name.schema, name.name)
    kinds = _PARTS.get(part, ())
    if kinds and found.secret_type.upper() not in kinds:
        return workload.finding(
            SECRET,
            Outcome.PROBLEM,
            f"secret {name.qualified} is of type {found.secret_type}, which has no {part}",
            Cure(f"Use a secret of type {kinds[-1]}, or another secretKeyRef."),
        )
    if workload.owner not in held.roles:
        return workload.finding(
            SECRET,
            Outcome.OK,
            f"secret {name.qualified} is there; what role {workload.owner} may is not seen from "
            "here",
        )
    if not held.holds("READ", "SECRET", full):
        statement, fix = grant(
            "READ",
            "SECRET",
            full,
            workload.owner,
            by=held,
            connection=workload.key.connection,
            quote=quote,
        )
        return workload.finding(
            SECRET,
            Outcome.PROBLEM,
            f"role {workload.owner}, as which the service runs, may not read secret "
            f"{name.qualified}",
            Cure("Have it granted.", (statement,)),
            fix,
        )
    text = f"secret {name.qualified} is there and can be read"
    return workload.finding(SECRET, Outcome.OK, text)
