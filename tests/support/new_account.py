"""A whole sandbox in this process: one new account, Prefect, and real workers as processes."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from spcs_worker_tui.sandbox.catalogue.model import Account, Image
from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.sql.parser import parse
from spcs_worker_tui.sandbox.world import FleetKind, Speed, World, WorldSettings

CONNECTION = "dev"
USER = "OPERATOR"
_PREFECT_SECONDS = 90


@dataclass
class NewAccount:
    """The account, and what an administrator does in it."""

    world: World
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def account(self) -> Account:
        return self.world.accounts[0]

    @property
    def home(self) -> Path:
        """SNOWFLAKE_HOME."""
        return self.world.settings.home

    @property
    def api_url(self) -> str:
        return self.world.gate.api_url

    async def sql(self, *statements: str, role: str = "ACCOUNTADMIN") -> list[dict[str, Any]]:
        """Run them; the rows of the last."""
        session = SessionContext(self.account, 0, USER, role, datetime.now(UTC))
        executor = next(s.executor for s in self.world._sites if s.account is self.account)
        rows: list[dict[str, Any]] = []
        for text in statements:
            for statement in parse(text):
                table = await executor.execute(statement, session)
                names = [column.name for column in table.columns]
                rows = [dict(zip(names, row, strict=True)) for row in table.rows]
        return rows

    async def furnish_images(self) -> None:
        """What an administrator made before: a repository with the worker's image in it."""
        await self.sql(
            "CREATE DATABASE IF NOT EXISTS PREFECT",
            "CREATE SCHEMA IF NOT EXISTS PREFECT.WORKERS",
            "CREATE IMAGE REPOSITORY IF NOT EXISTS PREFECT.WORKERS.IMAGES",
        )
        self.add_image("latest")

    def add_image(self, tag: str) -> None:
        """The built-in worker, as if it had been pushed."""
        repository = self.account.image_repositories["PREFECT", "WORKERS", "IMAGES"]
        digest = f"sha256:{secrets.token_hex(32)}"
        image = Image("spcs-worker", {tag}, digest, datetime.now(UTC), command="prefect-worker")
        repository.images.append(image)

    async def prefect_is_up(self) -> None:
        """Wait for it: nobody who sets up should have to."""
        deadline = time.monotonic() + _PREFECT_SECONDS
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    if (await client.get(f"{self.api_url}/health")).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                assert time.monotonic() < deadline, "no Prefect"
                await asyncio.sleep(0.2)

    def settings(self, **changes: str | int) -> Path:
        """Write `spcs-worker.toml` with one environment; `changes` by key, `setup_…` for its
        table."""
        keys: dict[str, Any] = {
            "connection": CONNECTION,
            "database": "PREFECT",
            "schema": "WORKERS",
            "service": "WORKER",
            "compute_pool": "WORKER_POOL",
            "image_repository": "IMAGES",
            "work_pool": "spcs",
            "prefect_api_url": self.api_url,
        }
        keys |= {name: value for name, value in changes.items() if not name.startswith("setup_")}
        inner = {n.removeprefix("setup_"): v for n, v in changes.items() if n.startswith("setup_")}
        lines = ["# kept", "[environments.dev]"]
        lines += [f"{name} = {_toml(value)}" for name, value in keys.items()]
        lines += ["[environments.dev.setup]"] if inner else []
        lines += [f"{name} = {_toml(value)}" for name, value in inner.items()]
        self.folder.mkdir(exist_ok=True)
        path = self.folder / "spcs-worker.toml"
        path.write_text("\n".join(lines) + "\n")
        return path


def _toml(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


@asynccontextmanager
async def new_account(folder: Path, *, prefect: bool = True) -> AsyncIterator[NewAccount]:
    """Nothing was made in it yet."""
    settings = WorldSettings(
        folder / "snowflake", FleetKind.EMPTY, speed=Speed.INSTANT, prefect=prefect
    )
    world = World(settings)
    await world.start()
    try:
        account = NewAccount(world, folder / "project")
        if prefect:
            await account.prefect_is_up()
        yield account
    finally:
        await world.stop()
