"""A sandbox, and a session on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.server import SandboxSettings
from support.catalogue import new_lab
from support.sandbox import running_sandbox
from support.saved_connections import Gate
from support.session_bench import Bench


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    lab, clock = new_lab(), ManualClock(datetime.now(UTC))
    gate = Gate(lab.executor)
    lab.executor = gate  # type: ignore[assignment]
    settings = SandboxSettings(session_token_seconds=60, master_token_seconds=600)
    async with running_sandbox(lab, clock=clock, settings=settings) as sandbox:
        bench = Bench(sandbox, gate, clock, tmp_path, None)  # type: ignore[arg-type]
        bench.session = bench.connect()
        try:
            yield bench
        finally:
            gate.open()
            await bench.session.close()
