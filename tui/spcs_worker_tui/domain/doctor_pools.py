"""Checks on the compute pool that a service runs on (contract 1.10, 2.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.amounts import cpu_of, memory_of
from spcs_worker_tui.domain.doctor import Area, Check, Cure, Finding, Outcome, SendStatements
from spcs_worker_tui.domain.doctor_facts import Quote, Workload, mapping
from spcs_worker_tui.domain.fleet import ComputePoolSnapshot, ComputePoolState

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import InstanceFamily, PoolTrouble

STATE = Check("compute-pool-state", "The compute pool is there, and up", Area.SERVICE)
CAPACITY = Check("compute-pool-capacity", "The compute pool has room", Area.SERVICE)
FAMILY = Check("compute-pool-family", "The service fits on the pool's nodes", Area.SERVICE)

CHECKS = (STATE, CAPACITY, FAMILY)

NO_CAPACITY = "392507"
NODE_LIMIT = "392508"
ARM = "GEN_ARM"
_GIB = 2**30
_DEFAULT_CPU, _DEFAULT_MEMORY = Fraction(1, 2), Fraction(_GIB, 2)
"""What a container requests that says nothing (contract 3.1)."""


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """What is known of one compute pool.

    Attributes:
        pool: None: the role sees no such pool.
        trouble: None: the role may not describe it.
        family: What its nodes are; None: not told.
    """

    name: str
    pool: ComputePoolSnapshot | None = None
    trouble: PoolTrouble | None = None
    family: InstanceFamily | None = None


def judge_pool(workload: Workload, facts: PoolFacts, quote: Quote) -> Iterator[Finding]:
    """State, room and family, as far as one service is concerned."""
    if facts.pool is None:
        yield _invisible(workload, facts.name, quote)
        return
    yield _state(workload, facts.pool, quote)
    yield _capacity(workload, facts.pool, facts.trouble, quote)
    yield _family(workload, facts.pool, facts.family)


def _invisible(workload: Workload, name: str, quote: Quote) -> Finding:
    pool, role = quote(name), quote(workload.role)
    if workload.service is not None:
        return workload.finding(
            STATE,
            Outcome.NOTICE,
            f"role {workload.role} does not see compute pool {name}, nor what is wrong with it",
            Cure("Have it granted.", (f"GRANT MONITOR ON COMPUTE POOL {pool} TO ROLE {role}",)),
        )
    return workload.finding(
        STATE,
        Outcome.PROBLEM,
        f"there is no compute pool {name} that role {workload.role} can see",
        Cure(
            "Have it made, or granted.",
            (
                f"CREATE COMPUTE POOL {pool} MIN_NODES = 1 MAX_NODES = 1 "
                "INSTANCE_FAMILY = CPU_X64_XS INITIALLY_SUSPENDED = TRUE AUTO_SUSPEND_SECS = 300",
                f"GRANT USAGE, MONITOR, OPERATE ON COMPUTE POOL {pool} TO ROLE {role}",
            ),
        ),
    )


def _state(workload: Workload, pool: ComputePoolSnapshot, quote: Quote) -> Finding:
    said = f"compute pool {pool.name} is {pool.state}"
    down = pool.state in (ComputePoolState.SUSPENDED, ComputePoolState.STOPPING)
    name, connection = quote(pool.name), workload.key.connection
    if down and workload.wants_to_run:
        statement = f"ALTER COMPUTE POOL {name} RESUME"
        return workload.finding(
            STATE,
            Outcome.PROBLEM,
            f"{said}, so the service does not run",
            Cure("Resume it; then resume the service if it stays down.", (statement,)),
            SendStatements(connection, f"Resume compute pool {pool.name}", (statement,)),
        )
    if down and not pool.auto_resume:
        statement = f"ALTER COMPUTE POOL {name} SET AUTO_RESUME = TRUE"
        return workload.finding(
            STATE,
            Outcome.NOTICE,
            f"{said}, and does not start by itself when the service is resumed",
            Cure("Let it.", (statement,)),
            SendStatements(connection, f"Let compute pool {pool.name} resume", (statement,)),
        )
    return workload.finding(STATE, Outcome.OK, said)


def _capacity(
    workload: Workload, pool: ComputePoolSnapshot, trouble: PoolTrouble | None, quote: Quote
) -> Finding:
    code = trouble.error_code if trouble else ""
    if code == NO_CAPACITY:
        return workload.finding(
            CAPACITY,
            Outcome.PROBLEM,
            f"the cloud has no {pool.instance_family} nodes for compute pool {pool.name} now "
            f"({code})",
            Cure(
                "Wait: it is tried again by itself. If it lasts, make a pool of another family and "
                "deploy there, or name other families in BACKUP_INSTANCE_FAMILIES."
            ),
        )
    unplaced = [one for one in workload.containers if "unschedulable" in one.message.lower()]
    if code == NODE_LIMIT or (unplaced and pool.active_nodes + pool.idle_nodes >= pool.max_nodes):
        statement = f"ALTER COMPUTE POOL {quote(pool.name)} SET MAX_NODES = {pool.max_nodes + 1}"
        title = f"Let compute pool {pool.name} have {pool.max_nodes + 1} nodes"
        return workload.finding(
            CAPACITY,
            Outcome.PROBLEM,
            f"compute pool {pool.name} is full: it may have no more than {pool.max_nodes} "
            f"{_nodes(pool.max_nodes)}, and something waits for room",
            Cure("Allow one more node, which costs as much again, or scale down.", (statement,)),
            SendStatements(workload.key.connection, title, (statement,)),
        )
    if unplaced:
        return workload.finding(
            CAPACITY,
            Outcome.NOTICE,
            f"compute pool {pool.name} has no room yet: {unplaced[0].message}",
            Cure("Wait for the node, which takes minutes, and look again."),
        )
    if code:
        said = trouble.message if trouble else ""
        return workload.finding(
            CAPACITY,
            Outcome.PROBLEM,
            f"compute pool {pool.name} reports error {code}: {said}",
            Cure("Ask Snowflake's support what it means."),
        )
    up = pool.active_nodes + pool.idle_nodes
    text = f"{up} of at most {pool.max_nodes} {_nodes(pool.max_nodes)} are up"
    return workload.finding(CAPACITY, Outcome.OK, text)


def _nodes(count: int) -> str:
    return "node" if count == 1 else "nodes"


def _family(
    workload: Workload, pool: ComputePoolSnapshot, family: InstanceFamily | None
) -> Finding:
    said = f"compute pool {pool.name} has nodes of {pool.instance_family}"
    if family is None:
        return workload.finding(FAMILY, Outcome.OK, f"{said}, whose size the account does not tell")
    cpu, memory = requested(workload)
    too_much = []
    if cpu > family.vcpu:
        too_much.append(f"{float(cpu):g} vCPU of {family.vcpu}")
    if memory > family.memory_gib * _GIB:
        too_much.append(f"{float(memory / _GIB):g} GiB of {family.memory_gib}")
    if too_much:
        return workload.finding(
            FAMILY,
            Outcome.PROBLEM,
            f"{said}, and an instance requests {' and '.join(too_much)}: it can never be placed",
            Cure("Request less in the specification, or use a compute pool of a larger family."),
        )
    return workload.finding(FAMILY, Outcome.OK, f"{said}, and an instance fits on one")


def requested(workload: Workload) -> tuple[Fraction, Fraction]:
    """CPUs and bytes that one instance requests, by the documented defaults (contract 3.1)."""
    cpu, memory = Fraction(0), Fraction(0)
    for container in workload.specs:
        resources = mapping(container.get("resources"))
        wants, limits = mapping(resources.get("requests")), mapping(resources.get("limits"))
        own_cpu = cpu_of(str(wants.get("cpu", "")))
        own_memory = memory_of(str(wants.get("memory", "")))
        limit_cpu = cpu_of(str(limits.get("cpu", ""))) or Fraction(0)
        limit_memory = memory_of(str(limits.get("memory", ""))) or Fraction(0)
        cpu += max(_DEFAULT_CPU, limit_cpu) if own_cpu is None else own_cpu
        memory += max(_DEFAULT_MEMORY, limit_memory) if own_memory is None else own_memory
    return cpu, memory


def family_of(
    pool: ComputePoolSnapshot, families: Sequence[InstanceFamily]
) -> InstanceFamily | None:
    """What the pool's nodes are, where the account tells."""
    return next((one for one in families if one.name == pool.instance_family), None)
