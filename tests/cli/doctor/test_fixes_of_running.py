"""Cures that change the specification of a worker at work: it works again afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from support.doctoring import apply_fix, findings, wrong
from support.patients import API_URL, SPEC, admit
from support.prefect_answers import Api
from support.prefect_stub import Reply, Request, prefect_stub

KEY = "pnu_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xR"
NAME = "d.s.worker.0"


class Beating(Api):
    """The worker beats for as long as its container runs, as any worker does."""

    def __init__(self, world: Any) -> None:
        super().__init__()
        self.world = world
        self.answers["/work_pools/spcs/workers/filter"][0]["name"] = NAME

    def __call__(self, request: Request) -> Reply:
        if self.world.lab.service("WORKER").status == "RUNNING":
            self.beat(datetime.now(UTC))
        return super().__call__(request)


def deployed(world: Any) -> tuple[Any, Any]:
    """Its specification, and when its only container was started."""
    service = world.lab.service("WORKER")
    (instance,) = service.instances
    (container,) = instance.containers
    return service.spec["spec"], container.start_time


async def test_it_works_again_with_what_was_mended(ward: Any) -> None:
    await ward.lab.sql(
        "GRANT BIND SERVICE ENDPOINT ON ACCOUNT TO ROLE DEPLOYER", role="ACCOUNTADMIN"
    )
    endpoint = "  endpoints:\n  - {name: web, port: 8080, public: true}\n"
    plain = SPEC.replace("PREFECT_WORK_POOL: spcs", f"PREFECT_WORK_POOL: spcs\n      SOME: {KEY}")
    async with prefect_stub(Beating(ward)) as stub:
        await admit(ward, spec=(plain + endpoint).replace(API_URL, stub.api_url))
        await ward.lab.sql("ALTER SERVICE D.S.WORKER RESUME")
        await ward.reaches("WORKER", "RUNNING")
        for check in ("plain-key", "public-endpoint"):
            _, before = deployed(ward)
            (finding,) = wrong(await findings(), check)
            await apply_fix(finding)
            assert ward.lab.service("WORKER").status == "RUNNING"
            assert deployed(ward)[1] > before, "the new specification is the one that runs"
            assert not wrong(await findings(), check)
    spec, _ = deployed(ward)
    assert "SOME" not in spec["containers"][0]["env"]
    assert "SOME" in [one["envVarName"] for one in spec["containers"][0]["secrets"]]
    assert not spec.get("endpoints")
