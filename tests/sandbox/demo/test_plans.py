"""The fleets on paper."""

from __future__ import annotations

import re

from spcs_worker_tui.sandbox.demo.fleet import demo_fleet
from spcs_worker_tui.sandbox.demo.simulated import empty_fleet, simulated_fleet
from spcs_worker_tui.sandbox.sql.ast import CreateService
from spcs_worker_tui.sandbox.sql.parser import parse

API = "http://127.0.0.1:4200/api"


def services(script: str) -> list[CreateService]:
    return [one for one in parse(script) if isinstance(one, CreateService)]


def test_the_demo_has_two_accounts_and_work_pools_of_their_own():
    plan = demo_fleet(API)
    assert [account.connection for account in plan.accounts] == ["dev", "prod"]
    assert len({account.locator for account in plan.accounts}) == 2
    pools = [
        set(re.findall(r'PREFECT_WORK_POOL: "(.+)"', account.services)) for account in plan.accounts
    ]
    assert all(pools)
    assert pools[0].isdisjoint(pools[1])
    assert pools[0] | pools[1] == {pool.name for pool in plan.prefect.work_pools}
    assert sum(len(services(account.services)) for account in plan.accounts) >= 8


def test_every_image_that_a_service_wants_has_been_pushed():
    for account in demo_fleet(API).accounts:
        pushed = {
            "/" + "/".join((*image.repository, image.name)).lower() + f":{image.tag}"
            for image in account.images
        }
        assert set(re.findall(r"image: (\S+)", account.services)) <= pushed


def test_late_and_first_runs_belong_to_deployments():
    plan = demo_fleet(API).prefect
    names = [deployment.name for deployment in plan.deployments]
    assert {late.deployment for late in plan.late_runs} <= set(names)
    assert set(plan.first_runs) <= set(names)
    # Seeding finds those by their name alone.
    for name in {late.deployment for late in plan.late_runs} | set(plan.first_runs):
        assert names.count(name) == 1


def test_one_service_forgot_the_address_of_prefect():
    dev = demo_fleet(API).accounts[0]
    forgetful = [
        text
        for text in dev.services.split("CREATE SERVICE")
        if "PREFECT_WORK_POOL" in text and "PREFECT_API_URL" not in text
    ]
    assert len(forgetful) == 1
    assert "INGEST_WORKER" in forgetful[0]


def test_simulated_services_are_spread_evenly():
    plan = simulated_fleet(API, "127.0.0.1:4200", accounts=3, services=8)
    assert [len(services(account.services)) for account in plan.accounts] == [3, 3, 2]
    assert len({account.connection for account in plan.accounts}) == 3
    assert len({account.name for account in plan.accounts}) == 3


def test_simulated_services_are_spread_over_so_many_work_pools():
    plan = simulated_fleet(API, "127.0.0.1:4200", accounts=2, services=7, work_pools=3)
    served = [
        re.findall("PREFECT_WORK_POOL: [\"']?([a-z0-9-]+)", account.services)
        for account in plan.accounts
    ]
    one, two, three = (pool.name for pool in plan.prefect.work_pools)
    assert served == [[one, two, three, one], [two, three, one]]


def test_an_empty_account_is_empty():
    (account,) = empty_fleet().accounts
    assert (account.setup, account.services, account.images) == ("", "", ())
