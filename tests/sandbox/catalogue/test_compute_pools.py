"""Compute pools as statements make and change them (contract 1.10)."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Instance, Node
from support.catalogue import START, Lab, add_service

CREATE = "CREATE COMPUTE POOL p2 MIN_NODES = 1 MAX_NODES = 2 INSTANCE_FAMILY = CPU_X64_XS"


@pytest.fixture
def admin(lab: Lab) -> Lab:
    lab.allow("DEPLOYER", lab.account.grants, privilege="CREATE COMPUTE POOL")
    return lab


async def test_just_after_create(admin: Lab) -> None:
    answer = await admin.sql(CREATE)
    assert answer.rows == (("Compute pool P2 successfully created.",),)
    (row,) = await admin.asked("SHOW COMPUTE POOLS LIKE 'p2'")
    wanted = {
        "state": "STARTING",
        "min_nodes": 1,
        "max_nodes": 2,
        "instance_family": "CPU_X64_XS",
        "num_services": 0,
        "num_jobs": 0,
        "auto_suspend_secs": 3600,
        "auto_resume": True,
        "active_nodes": 0,
        "idle_nodes": 0,
        "target_nodes": 1,
        "resumed_on": START,
        "comment": None,
        "is_exclusive": False,
        "backup_instance_families": "[]",
    }
    assert {name: row[name] for name in wanted} == wanted


async def test_initially_suspended(admin: Lab) -> None:
    await admin.sql(f"{CREATE} INITIALLY_SUSPENDED = TRUE")
    (row,) = await admin.asked("SHOW COMPUTE POOLS LIKE 'p2'")
    assert (row["state"], row["target_nodes"]) == ("SUSPENDED", 0)


@pytest.mark.parametrize(
    "statement",
    [
        CREATE.replace("CPU_X64_XS", "STANDARD_1"),
        CREATE.replace("MIN_NODES = 1", "MIN_NODES = 0"),
        CREATE.replace("MIN_NODES = 1", "MIN_NODES = 3"),
        f"{CREATE} AUTO_RESUME = 'maybe'",
        "ALTER COMPUTE POOL p SET MIN_NODES = 3",
        "ALTER COMPUTE POOL p SET INSTANCE_FAMILY = CPU_X64_M",
    ],
)
async def test_what_is_refused(admin: Lab, statement: str) -> None:
    assert (await admin.refusal(statement)).sqlstate == "22023"
    assert "P2" not in admin.account.compute_pools
    assert admin.account.compute_pools["P"].min_nodes == 1


async def test_the_words_for_an_unknown_family(admin: Lab) -> None:
    refused = await admin.refusal(CREATE.replace("CPU_X64_XS", "standard_1"))
    assert refused.message == (
        "Invalid instance family STANDARD_1. Please refer to Snowflake documentation for "
        "supported instance families."
    )


async def test_existing_and_missing(admin: Lab) -> None:
    assert (await admin.refusal(CREATE.replace("p2", "p"))).code == "002002"
    answer = await admin.sql(CREATE.replace("POOL p2", "POOL IF NOT EXISTS p"))
    assert answer.rows == (("P already exists, statement succeeded.",),)
    await admin.sql("ALTER COMPUTE POOL IF EXISTS gone SUSPEND; DROP COMPUTE POOL IF EXISTS gone")
    assert (await admin.refusal("ALTER COMPUTE POOL gone SUSPEND")).code == "002003"


async def test_set_and_unset(admin: Lab) -> None:
    pool = admin.account.compute_pools["P"]
    await admin.sql(
        "ALTER COMPUTE POOL p SET MIN_NODES = 2 MAX_NODES = 4 AUTO_RESUME = FALSE "
        "AUTO_SUSPEND_SECS = 60 COMMENT = 'hi'"
    )
    assert (pool.min_nodes, pool.max_nodes, pool.auto_resume) == (2, 4, False)
    assert (pool.auto_suspend_secs, pool.comment) == (60, "hi")
    await admin.sql("ALTER COMPUTE POOL p UNSET AUTO_RESUME, AUTO_SUSPEND_SECS, COMMENT")
    assert (pool.auto_resume, pool.auto_suspend_secs, pool.comment) == (True, 3600, None)
    pool.state = "SUSPENDED"
    await admin.sql("ALTER COMPUTE POOL p SET INSTANCE_FAMILY = CPU_X64_M")
    assert pool.instance_family == "CPU_X64_M"


async def test_drop_is_refused_while_services_exist(admin: Lab) -> None:
    service = add_service(admin)
    job = add_service(admin, "JOB", is_job=True)
    assert (await admin.refusal("DROP COMPUTE POOL p")).sqlstate == "22023"
    await admin.sql("ALTER COMPUTE POOL p STOP ALL")
    assert (service.dropped, job.cancelled) == (True, True)
    await admin.sql("DROP COMPUTE POOL p")
    assert "P" not in admin.account.compute_pools


async def test_counts(admin: Lab) -> None:
    service = add_service(admin)
    add_service(admin, "JOB", is_job=True)
    add_service(admin, "ENDED", is_job=True, status="DONE")
    pool = admin.account.compute_pools["P"]
    pool.nodes = [Node("a", START, START), Node("b", START, START), Node("c", START)]
    service.instances.append(Instance(0, "d", START, node_id="a"))
    (row,) = await admin.asked("SHOW COMPUTE POOLS LIKE 'p'")
    counts = ("num_services", "num_jobs", "active_nodes", "idle_nodes")
    assert [row[name] for name in counts] == [1, 1, 1, 1]
    nodes = await admin.asked("SHOW NODES IN COMPUTE POOL p")
    assert [node["node_id"] for node in nodes] == ["a", "b"]
    assert [node["vcpu"] for node in nodes] == [3, 3]


async def test_the_systems_own_pools(lab: Lab) -> None:
    rows = await lab.asked("SHOW COMPUTE POOLS STARTS WITH 'SYSTEM'")
    assert [row["name"] for row in rows] == ["SYSTEM_COMPUTE_POOL_CPU", "SYSTEM_COMPUTE_POOL_GPU"]
    assert [row["auto_suspend_secs"] for row in rows] == [259200, 259200]
