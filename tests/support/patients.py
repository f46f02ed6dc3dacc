"""A worker service that is well, in an account that is well, for breaking one thing of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.registry.server import RegistryServer
from support.registry import Hub, TestImage

API_URL = "https://localhost/api"
"""Where nobody answers, and at once."""
WAY_OUT = """
CREATE NETWORK RULE D.S.PREFECT_API TYPE = HOST_PORT MODE = EGRESS
  VALUE_LIST = ('localhost:443')
"""
INTEGRATION = """
CREATE EXTERNAL ACCESS INTEGRATION PREFECT_ACCESS
  ALLOWED_NETWORK_RULES = (D.S.PREFECT_API) ENABLED = TRUE;
GRANT USAGE ON INTEGRATION PREFECT_ACCESS TO ROLE DEPLOYER
"""
SPEC = f"""
spec:
  containers:
  - name: worker
    image: /d/s/repo/spcs-worker:1.0
    env:
      PREFECT_API_URL: "{API_URL}"
      PREFECT_WORK_POOL: spcs
    secrets:
    - snowflakeSecret: {{objectName: D.S.PREFECT_API_KEY}}
      secretKeyRef: secret_string
      envVarName: PREFECT_API_KEY
    readinessProbe: {{port: 8080, path: /health}}
    resources:
      requests: {{cpu: "0.5", memory: 512Mi}}
"""
CREATE = """
CREATE SERVICE D.S.WORKER IN COMPUTE POOL P FROM SPECIFICATION $${spec}$$
  EXTERNAL_ACCESS_INTEGRATIONS = ({integrations})
"""


@asynccontextmanager
async def prepared(world: Any, root: Path) -> AsyncIterator[Hub]:
    """Everything that the worker needs, but not the worker: a registry with its image, too."""
    registry = RegistryServer(root / "registry", "127.0.0.1")
    registry.open_for(world.lab.account)
    wire = world.sandbox.server.wire
    await registry.start(list(wire.tenants), wire.sessions, WallClock())
    try:
        hub = Hub(world.sandbox, registry)
        await push(hub, TestImage())
        await world.lab.sql(WAY_OUT)
        await world.lab.sql(INTEGRATION, role="ACCOUNTADMIN")
        await world.lab.sql(
            "CREATE SECRET D.S.PREFECT_API_KEY TYPE = GENERIC_STRING SECRET_STRING = 'x'"
        )
        yield hub
    finally:
        await registry.stop()


async def push(hub: Hub, image: TestImage) -> None:
    """What the worker's tag means from now on."""
    async with hub.client() as client:
        answer = await client.push(image, "1.0", "d/s/repo/spcs-worker")
        assert answer.status_code == 201, answer.text


async def admit(
    world: Any, *, spec: str = SPEC, integrations: str = "PREFECT_ACCESS", more: str = ""
) -> None:
    """The worker, suspended: nobody waits for it to beat in a Prefect that is not there.

    Args:
        world: Prepared.
        spec: Its specification.
        integrations: Its external access integrations; none: without.
        more: Further properties of CREATE SERVICE.
    """
    statement = CREATE.format(spec=spec, integrations=integrations)
    if not integrations:
        statement = statement.replace("EXTERNAL_ACCESS_INTEGRATIONS = ()", "")
    await world.lab.sql(statement + more)
    await world.reaches("WORKER", "RUNNING")
    await suspend(world)


async def suspend(world: Any, name: str = "WORKER") -> None:
    """And wait until it is."""
    await world.lab.sql(f"ALTER SERVICE D.S.{name} SUSPEND")
    await world.reaches(name, "SUSPENDED")
