from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.ast import Describe, ObjectKind, Scope, Show, ShowKind
from support.catalogue import Lab, add_service, name

SHOW_COLUMNS = [
    "name",
    "status",
    "database_name",
    "schema_name",
    "owner",
    "compute_pool",
    "dns_name",
    "current_instances",
    "target_instances",
    "min_ready_instances",
    "min_instances",
    "max_instances",
    "auto_resume",
    "external_access_integrations",
    "created_on",
    "updated_on",
    "resumed_on",
    "suspended_on",
    "auto_suspend_secs",
    "comment",
    "owner_role_type",
    "query_warehouse",
    "is_job",
    "is_async_job",
    "spec_digest",
    "is_upgrading",
    "managing_object_domain",
    "managing_object_name",
]


def services(**options: object) -> Show:
    return Show(ShowKind.SERVICES, **options)  # type: ignore[arg-type]


async def names(lab: Lab, show: Show, *, role: str | None = None) -> list[object]:
    return [row["name"] for row in await lab.rows(show, role=role)]


async def test_columns_are_those_of_the_contract(lab: Lab) -> None:
    table = await lab.run(services())
    assert [column.name for column in table.columns] == SHOW_COLUMNS


@pytest.mark.parametrize(
    ("jobs", "left_out"), [(True, {"is_job"}), (False, {"is_job", "is_async_job"})]
)
async def test_choosing_jobs_leaves_columns_out(lab: Lab, jobs: bool, left_out: set[str]) -> None:
    add_service(lab, "JOB", is_job=True)
    add_service(lab, "SVC")
    table = await lab.run(services(jobs=jobs))
    assert [column.name for column in table.columns] == [
        column for column in SHOW_COLUMNS if column not in left_out
    ]
    assert [row[0] for row in table.rows] == ["JOB" if jobs else "SVC"]


async def test_describe_puts_spec_after_the_pool_for_the_owner_only(lab: Lab) -> None:
    service = add_service(lab)
    describe = Describe(ObjectKind.SERVICE, name("SVC"))
    owner = await lab.run(describe)
    wanted = [*SHOW_COLUMNS[:6], "spec", *SHOW_COLUMNS[6:]]
    assert [column.name for column in owner.columns] == wanted
    assert str(owner.rows[0][6]).startswith("---\nspec:\n")
    service.grants.privileges["WATCHER"] = {"MONITOR"}
    lab.account.databases["D"].grants.privileges["WATCHER"] = {"USAGE"}
    lab.account.databases["D"].schemas["S"].grants.privileges["WATCHER"] = {"USAGE"}
    watcher = await lab.run(describe, role="WATCHER")
    assert [column.name for column in watcher.columns] == SHOW_COLUMNS


async def test_what_the_role_cannot_see_does_not_exist(lab: Lab) -> None:
    add_service(lab)
    assert await lab.rows(services(scope=Scope("ACCOUNT")), role="OUTSIDER") == []
    with pytest.raises(SqlError) as refused:
        await lab.run(Describe(ObjectKind.SERVICE, name("D.S.SVC")), role="OUTSIDER")
    assert refused.value.code == "002003"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["ALPHA", "BETA", "BETA_2"]),
        ({"like": "b%"}, ["BETA", "BETA_2"]),
        ({"like": "BETA"}, ["BETA"]),
        ({"like": "_ETA"}, ["BETA"]),
        ({"like": "%%"}, ["ALPHA", "BETA", "BETA_2"]),
        ({"like": r"beta\_2"}, ["BETA_2"]),
        ({"starts_with": "BETA"}, ["BETA", "BETA_2"]),
        ({"starts_with": "beta"}, []),
        ({"limit": 2}, ["ALPHA", "BETA"]),
        ({"limit": 2, "limit_from": "ALPHA"}, ["BETA", "BETA_2"]),
        ({"limit": 1, "limit_from": "BETA"}, ["BETA_2"]),
    ],
)
async def test_rows_that_were_asked_for(
    lab: Lab, options: dict[str, object], expected: list[str]
) -> None:
    for each in ("BETA_2", "ALPHA", "BETA"):
        add_service(lab, each)
    assert await names(lab, services(**options)) == expected


async def test_without_in_it_is_the_current_database_else_the_account(lab: Lab) -> None:
    add_service(lab)
    lab.session.database, lab.session.schema = "SNOWFLAKE", None
    assert await names(lab, services()) == []
    lab.session.database = None
    assert await names(lab, services()) == ["SVC"]
