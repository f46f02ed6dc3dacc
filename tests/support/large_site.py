"""A played fleet of any size in a process of its own, whose clock may be moved by hand.

Its Prefect is `support.prefect_fleet`. Run as a module it serves until its input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spcs_worker_tui.sandbox.clock import ManualClock, WallClock
from spcs_worker_tui.sandbox.demo.pulse import played_workers
from spcs_worker_tui.sandbox.world import FleetKind, Speed, World, WorldSettings
from support.prefect_fleet import COUNTS, PrefectFleet
from support.prefect_stub import prefect_stub

HEARTBEAT_SECONDS = 30
STARTS_WITHIN = 300.0


@dataclass(frozen=True)
class Size:
    """Of a fleet."""

    services: int
    connections: int = 1
    work_pools: int = 1

    def __str__(self) -> str:
        return (
            f"{self.services:,} services, {self.connections} connections, {self.work_pools} pools"
        )


@dataclass(frozen=True)
class LargeSite:
    """What clients need to know of it."""

    home: Path
    url: str
    control_token: str = field(repr=False)
    prefect_api_url: str
    connections: tuple[str, ...]
    began: float
    """What its clock said when it was started, in seconds since 1970."""
    process: subprocess.Popen[bytes] = field(repr=False)

    def advance(self, seconds: float) -> None:
        """Move its clock, and let happen what is due; only where it is moved by hand."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seconds}\n".encode())
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise RuntimeError("the fleet ended")

    def requests(self) -> Mapping[str, int]:
        """How many requests Prefect got so far, by kind."""
        with urllib.request.urlopen(self.prefect_api_url + COUNTS, timeout=60) as answer:
            found: Mapping[str, int] = json.load(answer)
        return found

    def harm(self, connection: str, service: str, kind: str = "kill") -> None:
        """Do something to the containers of a service; see `sandbox fault`."""
        fault = {"at": "worker", "kind": kind, "connection": connection, "service": service}
        request = urllib.request.Request(
            f"{self.url}/sandbox/faults",
            data=json.dumps(fault).encode(),
            headers={"Authorization": f"Bearer {self.control_token}"},
        )
        urllib.request.urlopen(request, timeout=60).close()


@contextmanager
def large_site(size: Size, *, by_hand: bool = False) -> Iterator[LargeSite]:
    """A fleet in a process of its own, until the end of the block.

    Args:
        size: Of the fleet.
        by_hand: Its clock stands still unless `advance` moves it.
    """
    command = [sys.executable, "-m", "support.large_site"]
    if by_hand:
        command.append("--by-hand")
    command += [f"--services={size.services}", f"--accounts={size.connections}"]
    command += [f"--work-pools={size.work_pools}"]
    # Modules of `tests` are found where this one was found.
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the fleet did not start")
        said: dict[str, Any] = json.loads(line)
        said["home"], said["connections"] = Path(said["home"]), tuple(said["connections"])
        yield LargeSite(**said, process=process)
    finally:
        process.stdin.close()
        process.wait(STARTS_WITHIN)
        process.stdout.close()


async def serve(options: argparse.Namespace) -> None:
    """Until the input ends."""
    home = Path(tempfile.mkdtemp(prefix="spcs-worker-tui-large-"))
    settings = WorldSettings(
        home=home,
        fleet=FleetKind.SIMULATED,
        accounts=options.accounts,
        services=options.services,
        work_pools=options.work_pools,
        heartbeat=HEARTBEAT_SECONDS,
        speed=Speed.INSTANT,
        prefect=False,
    )
    world = World(settings)
    by_hand = ManualClock(datetime.now(UTC)) if options.by_hand else None
    world.clock = clock = by_hand or WallClock()
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    began = clock.now().timestamp()
    read_lines(lines)
    try:
        await world.start()
        # Else the watched fleet would not be at rest for as long as its rows still change.
        while not by_hand and _beating(world) < options.services:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.2)
        pools = [f"pool-{number + 1:03}" for number in range(options.work_pools)]
        async with prefect_stub(PrefectFleet(world.accounts, pools, clock)) as prefect:
            world.gate.lead_to(prefect.port)
            said = {
                "home": str(home),
                "url": world.server.url,
                "control_token": world.server.settings.control_token,
                "prefect_api_url": world.gate.api_url,
                "connections": world.connections,
                "began": began,
            }
            say(json.dumps(said))
            while line := await lines.get():
                assert by_hand is not None
                await by_hand.advance(float(line))
                say("done")
    finally:
        await world.stop()


def _beating(world: World) -> int:
    return sum(1 for _ in played_workers(world.accounts))


def read_lines(lines: asyncio.Queue[bytes]) -> None:
    """Put what comes on the standard input there, and nothing at its end."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        # Not through `sys.stdin`: Python may not end while a thread waits in there.
        while chunk := os.read(0, 4096):
            for line in chunk.splitlines():
                loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, b"")

    threading.Thread(target=read, daemon=True).start()


def say(text: str) -> None:
    """One line, past whoever else wants the standard output."""
    assert sys.__stdout__ is not None
    sys.__stdout__.write(text + "\n")
    sys.__stdout__.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("accounts", "services", "work-pools"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--by-hand", action="store_true")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
