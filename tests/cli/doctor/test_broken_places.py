"""Broken compute pools, repositories and images: found, named, and well again after the cure."""

from __future__ import annotations

from typing import Any

import pytest

from spcs_worker_tui.domain.doctor import Outcome
from support.doctoring import apply_fix, findings, only, run_statements, wrong
from support.patients import admit, push
from support.registry import TestImage


@pytest.fixture
async def bed(ward: Any) -> Any:
    """An account with a worker that is well."""
    await admit(ward)
    assert not wrong(await findings())
    return ward


async def test_a_pool_that_is_down_and_does_not_start_by_itself(bed: Any) -> None:
    await bed.lab.sql("ALTER COMPUTE POOL P SET AUTO_RESUME = FALSE")
    await bed.lab.sql("ALTER COMPUTE POOL P SUSPEND")

    finding = await only("compute-pool-state")

    assert finding.outcome is Outcome.NOTICE
    await apply_fix(finding)
    assert not wrong(await findings())


async def test_a_pool_that_is_down_under_a_service(bed: Any) -> None:
    await bed.lab.sql("ALTER COMPUTE POOL P SET AUTO_RESUME = FALSE")
    await bed.lab.sql("ALTER COMPUTE POOL P SUSPEND")
    await bed.lab.sql("ALTER SERVICE D.S.WORKER RESUME")

    (finding,) = wrong(await findings(), "compute-pool-state")

    assert finding.outcome is Outcome.PROBLEM
    assert "compute pool P is SUSPENDED, so the service does not run" in finding.text
    await apply_fix(finding)
    await bed.reaches("WORKER", "RUNNING")
    assert not wrong(await findings())


async def test_a_pool_that_is_full(bed: Any) -> None:
    await bed.lab.sql("ALTER COMPUTE POOL P SET MAX_NODES = 1")
    for name in ("BIG", "BIGGER"):
        await bed.lab.sql(
            f"CREATE SERVICE D.S.{name} IN COMPUTE POOL P FROM SPECIFICATION $$"
            "{spec: {containers: [{name: main, image: /d/s/repo/plain:1.0, "
            "resources: {requests: {cpu: 2, memory: 1Gi}}}]}}$$"
        )
    await bed.reaches("BIG", "RUNNING")

    found = wrong(await findings(), "compute-pool-capacity")

    assert {one.outcome for one in found} == {Outcome.PROBLEM}
    assert "compute pool P is full" in found[0].text
    assert found[0].cure is not None
    assert found[0].cure.statements == ("ALTER COMPUTE POOL P SET MAX_NODES = 2",)
    await apply_fix(found[0])
    await bed.reaches("BIGGER", "RUNNING")
    assert not wrong(await findings())


async def test_a_cloud_without_nodes(bed: Any) -> None:
    pool = bed.lab.account.compute_pools["P"]
    pool.error_code, pool.status_message = "392507", "CAPACITY_ERROR"

    finding = await only("compute-pool-capacity")

    assert "the cloud has no CPU_X64_S nodes for compute pool P now (392507)" in finding.text
    pool.error_code = pool.status_message = ""
    assert not wrong(await findings())


async def test_nodes_that_are_too_small(bed: Any) -> None:
    await bed.lab.sql("ALTER COMPUTE POOL P SUSPEND")
    await bed.lab.sql("ALTER COMPUTE POOL P SET INSTANCE_FAMILY = CPU_X64_XS")
    service = bed.lab.service("WORKER")
    service.spec["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "2"

    finding = await only("compute-pool-family")

    assert "requests 2 vCPU of 1: it can never be placed" in finding.text
    await bed.lab.sql("ALTER COMPUTE POOL P SET INSTANCE_FAMILY = CPU_X64_S")
    assert not wrong(await findings())


async def test_a_repository_that_may_not_be_seen(bed: Any) -> None:
    bed.lab.account.image_repositories["D", "S", "REPO"].grants.owner = "ACCOUNTADMIN"

    finding = await only("image-repository")

    assert "no image repository d/s/repo that role DEPLOYER can see" in finding.text
    await run_statements(bed.lab, finding)
    assert not wrong(await findings())


async def test_a_repository_that_may_not_be_read(bed: Any) -> None:
    grants = bed.lab.account.image_repositories["D", "S", "REPO"].grants
    grants.owner, grants.privileges = "ACCOUNTADMIN", {"DEPLOYER": {"WRITE"}}

    (finding,) = wrong(await findings(), "image-repository") or [None]

    if finding is not None:  # whether WRITE is enough to list is the account's decision
        await run_statements(bed.lab, finding)
    assert not wrong(await findings())


async def test_an_image_that_is_gone(bed: Any) -> None:
    images = bed.lab.account.image_repositories["D", "S", "REPO"].images
    gone = next(image for image in images if image.name == "spcs-worker")
    images.remove(gone)

    finding = await only("image-present")

    assert f"image spcs-worker:1.0 ({gone.digest[:19]}) is not in d/s/repo" in finding.text
    images.append(gone)
    assert not wrong(await findings())


async def test_an_image_whose_tag_means_another_by_now(bed: Any) -> None:
    images = bed.lab.account.image_repositories["D", "S", "REPO"].images
    images.remove(next(image for image in images if image.name == "spcs-worker"))
    await push(bed.hub, TestImage(b"a newer layer"))

    finding = await only("image-present")

    assert "its tag means another image now" in finding.text
    assert finding.cure is not None
    (command,) = finding.cure.commands
    answer = await bed.program.run(*command.split()[1:], "--yes")
    assert answer.status == 0, answer.err
    assert not wrong(await findings())


async def test_an_image_for_other_cpus_than_the_nodes_have(bed: Any) -> None:
    await bed.lab.sql("ALTER COMPUTE POOL P SUSPEND")
    await bed.lab.sql("ALTER COMPUTE POOL P SET INSTANCE_FAMILY = GEN_ARM_G1_4")

    finding = await only("image-platform")

    assert "image is for linux/amd64, and the nodes need linux/arm64" in finding.text
    await bed.lab.sql("ALTER COMPUTE POOL P SET INSTANCE_FAMILY = CPU_X64_S")
    assert not wrong(await findings())
