"""Statements and the machinery behind them together: what the next statement sees."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from spcs_worker_tui.sandbox.catalogue.executor import Executor
from spcs_worker_tui.sandbox.catalogue.model import Image
from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.reconciler.reconciler import Reconciler
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour, SimulatedRuntime
from support.catalogue import START, Lab, new_lab
from support.small_account import STEADY, One

CREATE = """CREATE SERVICE svc IN COMPUTE POOL p FROM SPECIFICATION $$
spec:
  containers:
  - name: worker
    image: /d/s/repo/worker:1.0
$$"""


@pytest.fixture
async def live() -> AsyncIterator[tuple[Lab, ManualClock]]:
    lab = new_lab()
    clock = ManualClock(START)
    runtime = SimulatedRuntime(clock, {"worker": Behaviour(stop_seconds=4)})
    lab.account.image_repositories["D", "S", "REPO"].images[0].command = "worker"
    reconciler = Reconciler(lab.account, clock, One(runtime), STEADY)
    lab.executor = Executor(lab.account, reconciler)
    reconciler.start()
    yield lab, clock
    await reconciler.stop(0)


async def status(lab: Lab) -> object:
    (row,) = await lab.asked("SHOW SERVICES")
    return row["status"]


async def test_the_life_of_a_service(live: tuple[Lab, ManualClock]) -> None:
    lab, clock = live
    await lab.sql(CREATE)
    assert await status(lab) == "PENDING"
    await clock.advance(120)
    assert await status(lab) == "RUNNING"
    (container,) = await lab.asked("SHOW SERVICE CONTAINERS IN SERVICE svc")
    assert (container["status"], container["message"]) == ("READY", "Running")
    await lab.sql("ALTER SERVICE svc SUSPEND")
    assert await status(lab) == "SUSPENDING"
    await clock.advance(5)
    assert await status(lab) == "SUSPENDED"
    (container,) = await lab.asked("SHOW SERVICE CONTAINERS IN SERVICE svc")
    assert container["container_name"] is None
    await lab.sql("ALTER SERVICE svc RESUME")
    assert await status(lab) == "PENDING"
    await clock.advance(60)
    await lab.sql("DROP SERVICE svc")
    assert await status(lab) == "DELETING"
    await clock.advance(5)
    assert await lab.asked("SHOW SERVICES") == []
    await lab.sql(CREATE)


async def test_an_upgrade_shows_at_once(live: tuple[Lab, ManualClock]) -> None:
    lab, clock = live
    await lab.sql(CREATE)
    await clock.advance(120)
    (before,) = await lab.asked("SHOW SERVICES")
    newer = Image("worker", {"2.0"}, "sha256:" + "2" * 64, START, command="worker")
    lab.account.image_repositories["D", "S", "REPO"].images.append(newer)
    specification = CREATE.partition("FROM ")[2].replace("1.0", "2.0")
    await lab.sql(f"ALTER SERVICE svc FROM {specification}")
    (during,) = await lab.asked("SHOW SERVICES")
    assert during["is_upgrading"] is True
    assert during["spec_digest"] != before["spec_digest"]
    (instance,) = await lab.asked("SHOW SERVICE INSTANCES IN SERVICE svc")
    assert instance["spec_digest"] == before["spec_digest"]
    await clock.advance(60)
    (container,) = await lab.asked("SHOW SERVICE CONTAINERS IN SERVICE svc")
    assert container["image_digest"] == newer.digest
    assert await status(lab) == "RUNNING"


async def test_suspending_the_pool_suspends_its_services(live: tuple[Lab, ManualClock]) -> None:
    lab, clock = live
    await lab.sql(CREATE)
    await clock.advance(120)
    await lab.sql("ALTER COMPUTE POOL p SUSPEND")
    assert await status(lab) == "SUSPENDING"
    await clock.advance(60)
    assert await status(lab) == "SUSPENDED"
    (pool,) = await lab.asked("SHOW COMPUTE POOLS LIKE 'p'")
    assert pool["state"] == "SUSPENDED"


async def test_a_suspended_pool_wakes_for_a_new_service(live: tuple[Lab, ManualClock]) -> None:
    lab, _ = live
    await lab.sql("ALTER COMPUTE POOL p SUSPEND")
    await lab.sql(CREATE)
    (pool,) = await lab.asked("SHOW COMPUTE POOLS LIKE 'p'")
    assert pool["state"] == "STARTING"


async def test_dropping_the_schema_ends_what_runs_in_it(live: tuple[Lab, ManualClock]) -> None:
    lab, clock = live
    await lab.sql(CREATE)
    await clock.advance(120)
    service = lab.service()
    await lab.sql("DROP SCHEMA d.s")
    assert service.dropped
    await clock.advance(10)
    assert service.instances == []
