"""The dashboard itself while things go wrong: what stands on it, and how soon it takes a key."""

from __future__ import annotations

import asyncio
import gc
import re
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from textual.pilot import Pilot

from spcs_worker_tui.adapters import keyring
from spcs_worker_tui.adapters.key_notes import KeyNotes
from spcs_worker_tui.domain.errors import SignInNeededError
from spcs_worker_tui.domain.fleet import ConnectionState
from spcs_worker_tui.domain.keys import KeyKind, KeyName
from spcs_worker_tui.ui.app import FleetApp
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.faults import (
    INTERVAL,
    OTHERS,
    VICTIM,
    Bench,
    kept_waiting,
    loop_lag,
    opened_watch,
)
from support.hanging_keyring import HangingVault
from support.screen import burst, seen, shows, until

LONGEST_KEY = 0.1
SLACK = 3.0
GIVEN_UP = 20.0


async def slowest_key(pilot: Pilot[Any]) -> float:
    """Seconds from a key to the row that it moves to, less what the kernel gave to others."""
    app: Any = pilot.app
    slowest = 0.0
    for key in "jk" * 20:
        # Whatever comes, comes at any time between two keys.
        await asyncio.sleep(0.05)
        at, began, waited = app.selected, perf_counter(), kept_waiting()
        burst(pilot, key)
        while app.selected == at:
            assert perf_counter() - began < GIVEN_UP, "\n".join([key, *seen(app)])
            await asyncio.sleep(0)
        slowest = max(slowest, perf_counter() - began - (kept_waiting() - waited))
    return slowest


@pytest.mark.timeout(240)
async def test_words_and_keys_while_snowflake_and_prefect_are_silent(bench: Bench) -> None:
    app = FleetApp(lambda: open_console(interval=INTERVAL, make_doctor=make_doctor))
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: app.judged and len(app.judged.verdicts) == 6, within=60)
        await until(pilot, lambda: shows(app, "● 6 healthy"), within=60)
        # Collected now, so that it is not in the middle of a key by chance.
        gc.collect()
        control = await slowest_key(pilot)
        bench.set("snowflake", "hang", connection=VICTIM)
        bench.set("prefect", "hang")
        await until(pilot, lambda: shows(app, f"! stale  {VICTIM}"))
        await until(pilot, lambda: shows(app, "Snowflake has not answered for"))
        await until(pilot, lambda: re.search(r"Prefect .*unreachable", "\n".join(seen(app))))
        assert shows(app, "Check the network; it is tried again by itself.")
        during = await slowest_key(pilot)
        bench.clear()
        await until(pilot, lambda: shows(app, "● 6 healthy"), within=60)
        await until(pilot, lambda: not shows(app, "stale"), within=60)
        await until(pilot, lambda: shows(app, "answers"), within=60)
    print(f"slowest key: {control * 1000:.0f} ms without, {during * 1000:.0f} ms with faults")
    assert during < max(LONGEST_KEY, SLACK * control)


async def test_the_keyring_hangs(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One connection has no password of its own; the others do not wait for the keyring."""
    saved = (bench.sandbox.home / "connections.toml").read_text()
    head, victim, rest = re.split(rf"(?=^\[{VICTIM}\]|^\[{OTHERS[0]}\])", saved, flags=re.MULTILINE)
    victim = re.sub(r"(?m)^password = .*\n", "", victim)
    file = tmp_path / "connections.toml"
    file.write_text(head + victim + rest)
    file.chmod(0o600)
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    KeyNotes().add(KeyName(KeyKind.PASSWORD, VICTIM, "operator@127.0.0.1"))
    vault = HangingVault()
    monkeypatch.setattr(keyring, "_open_vault", lambda: vault)
    try:
        async with opened_watch(bench) as fleet, loop_lag() as lag:
            await fleet.until(lambda now: all(map(now.is_well, OTHERS)))
            await fleet.until(lambda now: "the keyring" in now.said())
            connection = fleet.connection()
            before = fleet.connection(OTHERS[0]).observed_at
            await fleet.until(lambda now: now.connection(OTHERS[0]).observed_at != before)
    finally:
        vault.released.set()
    assert connection.state is ConnectionState.SIGN_IN_NEEDED
    assert isinstance(connection.error, SignInNeededError)
    assert "did not answer" in connection.error.message
    assert "in the environment" in connection.error.next_step
    assert lag.is_short, lag
