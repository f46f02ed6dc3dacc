"""Checks on what a role may do, privilege by privilege (contract 1.12), and on warehouses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.account import ACCOUNT, OWNERSHIP, Privileges
from spcs_worker_tui.domain.doctor import Area, Check, Cure, Finding, Outcome
from spcs_worker_tui.domain.doctor_facts import Quote, Workload, entries, grant, mapping
from spcs_worker_tui.domain.secret_objects import SecretName

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceSnapshot
    from spcs_worker_tui.domain.settings import Environment

PRIVILEGES = Check(
    "privileges", "The role holds the privileges that it needs, one by one", Area.ACCOUNT
)
WAREHOUSE = Check("warehouse", "No warehouse is needed", Area.ACCOUNT)

CHECKS = (PRIVILEGES, WAREHOUSE)


@dataclass(frozen=True, slots=True)
class Need:
    """One privilege that a role should hold.

    Attributes:
        kind: As in `Grant`.
        name: As SQL writes it; empty for the account.
        why: What cannot be done without, completing `without it …`.
        is_must: Without it something does not work that is wanted here.
    """

    privilege: str
    kind: str
    name: str
    why: str
    is_must: bool = True


def needs_to_look(
    services: Sequence[ServiceSnapshot], held: Privileges, quote: Quote
) -> tuple[Need, ...]:
    """What a role should hold on services that it sees.

    A role that may operate none of them is one that only looks, and lacks nothing.
    """
    names = {one.key: quote(one.key.database, one.key.schema, one.key.name) for one in services}
    operates = any(held.holds("OPERATE", "SERVICE", name) for name in names.values())
    needs = [
        Need("MONITOR", "SERVICE", name, "its containers and its log cannot be read")
        for name in names.values()
    ]
    if operates:
        needs += [
            Need("OPERATE", "SERVICE", name, "it cannot be suspended, resumed or updated", False)
            for name in names.values()
        ]
    pools = dict.fromkeys(one.compute_pool for one in services if one.compute_pool)
    needs += [
        Need("MONITOR", "COMPUTE POOL", quote(pool), "what it lacks cannot be seen", False)
        for pool in pools
    ]
    return tuple(needs)


def needs_to_deploy(environment: Environment, workload: Workload, quote: Quote) -> tuple[Need, ...]:
    """What a role needs that deploys and operates an environment of the project."""
    database, schema = quote(environment.database), quote(environment.database, environment.schema)
    pool = quote(environment.compute_pool)
    repository = quote(*environment.image_repository.upper().split("/"))
    needs = [
        Need("USAGE", "DATABASE", database, "nothing in it can be reached"),
        Need("USAGE", "SCHEMA", schema, "nothing in it can be reached"),
        Need("USAGE", "COMPUTE POOL", pool, "no service can run there"),
        Need("MONITOR", "COMPUTE POOL", pool, "what it lacks cannot be seen", False),
        Need("OPERATE", "COMPUTE POOL", pool, "it cannot be suspended or resumed", False),
        Need("READ", "IMAGE REPOSITORY", repository, "no image can be listed or run"),
        Need("WRITE", "IMAGE REPOSITORY", repository, "no image can be pushed", False),
    ]
    if workload.service is None:
        needs.append(Need("CREATE SERVICE", "SCHEMA", schema, "the service cannot be created"))
    else:
        service = quote(environment.database, environment.schema, environment.service)
        needs += [
            Need("MONITOR", "SERVICE", service, "its containers and its log cannot be read"),
            Need("OPERATE", "SERVICE", service, "it cannot be suspended, resumed or updated"),
        ]
    if workload.service is None or workload.owner == workload.role:
        needs += [
            Need("READ", "SECRET", name, "the service cannot be created with it")
            for name in _secrets(environment, quote)
        ]
        needs += [
            Need("USAGE", "INTEGRATION", quote(name), "the service cannot use it")
            for name in environment.external_access_integrations
        ]
        if _has_public_endpoint(workload):
            why = "a service with a public endpoint cannot be created"
            needs.append(Need("BIND SERVICE ENDPOINT", ACCOUNT, "", why))
    return tuple(needs)


def _secrets(environment: Environment, quote: Quote) -> Iterator[str]:
    home = (environment.database, environment.schema)
    parsed = (SecretName.parse(text, home) for text in environment.secrets.values())
    for name in dict.fromkeys(one for one in parsed if one is not None):
        yield quote(name.database, name.schema, name.name)


def _has_public_endpoint(workload: Workload) -> bool:
    endpoints = entries(mapping(workload.document.tree.get("spec")).get("endpoints"))
    return any(endpoint.get("public") is True for endpoint in endpoints)


def judge_privileges(
    connection: str, role: str, needs: Sequence[Need], held: Privileges, quote: Quote
) -> Iterator[Finding]:
    """Each privilege that is missing, with its GRANT; the others in one finding."""
    there: Counter[tuple[str, str]] = Counter()
    for need in dict.fromkeys(needs):
        on = f"{need.kind} {need.name}".strip()
        if held.holds(need.privilege, need.kind, need.name):
            there[need.privilege, need.kind.lower()] += 1
            continue
        statement, fix = grant(
            need.privilege,
            need.kind,
            need.name,
            role,
            by=held,
            connection=connection,
            quote=quote,
        )
        yield Finding(
            PRIVILEGES,
            connection,
            Outcome.PROBLEM if need.is_must else Outcome.NOTICE,
            f"role {role} lacks {need.privilege} on {on}: without it {need.why}",
            Cure("Have an administrator grant it.", (statement,)),
            fix,
            connection,
        )
    words = [
        f"{privilege} on {count} {_plural(kind)}" if count > 1 else f"{privilege} on {kind}"
        for (privilege, kind), count in there.items()
    ]
    if words:
        text = f"role {role} holds {', '.join(words)}"
        yield Finding(PRIVILEGES, connection, Outcome.OK, text, connection=connection)


def _plural(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def judge_warehouse(
    connection: str, role: str, warehouse: str, held: Privileges, quote: Quote
) -> Finding:
    """No statement of this program needs a warehouse; a service may name one for its own SQL.

    Args:
        connection: Which.
        role: That owns the service, or would.
        warehouse: `query_warehouse` of the settings, or nothing.
        held: What the role holds.
        quote: Quotes names.
    """
    if not warehouse:
        text = "every statement of this program is SHOW, DESCRIBE, ALTER or CALL: none is needed"
        return Finding(WAREHOUSE, connection, Outcome.OK, text, connection=connection)
    name = quote(warehouse)
    if any(held.holds(word, "WAREHOUSE", name) for word in ("USAGE", OWNERSHIP)):
        text = f"warehouse {warehouse} of the settings can be used"
        return Finding(WAREHOUSE, connection, Outcome.OK, text, connection=connection)
    statement, fix = grant(
        "USAGE", "WAREHOUSE", name, role, by=held, connection=connection, quote=quote
    )
    return Finding(
        WAREHOUSE,
        connection,
        Outcome.PROBLEM,
        f"the settings name query_warehouse {warehouse}, which role {role} may not use",
        Cure("Take query_warehouse out: a worker needs none. Or have it granted.", (statement,)),
        fix,
        connection,
    )
