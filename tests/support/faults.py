"""A fault bench: a sandbox in a process of its own, the watcher on it, and what both say."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.cli.report_table import table
from spcs_worker_tui.domain.errors import PrefectError
from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    ConnectionState,
    ContainerStatus,
    ServiceKey,
    ServiceStatus,
)
from spcs_worker_tui.domain.verdict import Health, JudgedFleet, Verdict
from spcs_worker_tui.operations.check import CheckOptions, CheckReport, check
from spcs_worker_tui.operations.console import Console
from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from spcs_worker_tui.wiring.look import open_looks

CONNECTIONS = ("site-01", "site-02", "site-03")
VICTIM, *OTHERS = CONNECTIONS
HARMED, SPARED = "WORKER_0001", "WORKER_0000"
INTERVAL = 1.0
CHECK_SECONDS = 5.0
DEADLINE = 30.0
BEGINS = 120.0
PREFECT_STARTS = 150.0
LONGEST_LAG = 0.1
SLACK = 2.0
_LOOK = 0.02
_SCHEDULING = Path("/proc/thread-self/schedstat")


@dataclass
class LoopLag:
    """How long the event loop was kept from its work, less what the kernel gave to others.

    A thread beside it is the control: what holds up both, such as a machine that is short of
    processors, is not the program's doing. Code that keeps the loop busy does not hold up the
    thread, to which the interpreter switches every few milliseconds.
    """

    longest: float = 0.0
    control: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_short(self) -> bool:
        """Whether no key had to wait for longer than it may."""
        return self.longest < max(LONGEST_LAG, SLACK * self.control)

    async def measure(self) -> None:
        """Until cancelled."""
        while True:
            began, waited = perf_counter(), kept_waiting()
            await asyncio.sleep(_LOOK)
            lag = perf_counter() - began - _LOOK - (kept_waiting() - waited)
            self.longest = max(self.longest, lag)

    def measure_control(self) -> None:
        """In a thread, until ended."""
        while not self.ended.is_set():
            began, waited = perf_counter(), kept_waiting()
            time.sleep(_LOOK)
            lag = perf_counter() - began - _LOOK - (kept_waiting() - waited)
            self.control = max(self.control, lag)


def kept_waiting() -> float:
    """Seconds for which this thread could have run and another had the core; 0 if unknown."""
    try:
        return int(_SCHEDULING.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


@asynccontextmanager
async def loop_lag() -> AsyncIterator[LoopLag]:
    """Measure until the end of the block."""
    lag = LoopLag()
    task = asyncio.create_task(lag.measure())
    control = threading.Thread(target=lag.measure_control)
    control.start()
    try:
        yield lag
    finally:
        task.cancel()
        lag.ended.set()
        control.join()


@dataclass
class Bench:
    """One sandbox that can be told what to do wrong."""

    sandbox: LaunchedSandbox

    def set(self, at: str, kind: str, **fields: Any) -> None:
        """From now on; `at` is snowflake, prefect or worker."""
        self._ask("POST", {"at": at, "kind": kind, **fields})

    def clear(self) -> None:
        """End them all."""
        self._ask("DELETE")

    def faults(self) -> list[dict[str, Any]]:
        """Those that are on."""
        found: list[dict[str, Any]] = self._ask("GET")
        return found

    async def renew(self, connection: str = VICTIM, service: str = HARMED) -> None:
        """Give the service new containers, which know of no restart."""
        key = ServiceKey(connection, "ANALYTICS", "ORCHESTRATION", service)
        async with open_looks([connection]) as looks:
            session = looks.session(connection)
            await session.suspend_service(key)
            async with asyncio.timeout(DEADLINE):
                # Resumed while it still stops, it would keep its containers.
                while (await _status(session, key)) is not ServiceStatus.SUSPENDED:  # noqa: ASYNC110 - nobody tells when
                    await asyncio.sleep(0.1)
            await session.resume_service(key)

    def wait_for_prefect(self) -> None:
        """Return when the server answers."""
        deadline = time.monotonic() + PREFECT_STARTS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.sandbox.prefect_api_url}/health", timeout=10):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"no Prefect within {PREFECT_STARTS:g} s")

    def prefect(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST to Prefect."""
        return _asked(
            urllib.request.Request(
                f"{self.sandbox.prefect_api_url}{path}",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
        )

    def _ask(self, method: str, said: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.sandbox.url}/sandbox/faults",
            method=method,
            data=None if said is None else json.dumps(said).encode(),
            headers={"Authorization": f"Bearer {self.sandbox.control_token}"},
        )
        return _asked(request)


async def _status(session: ConnectorSession, key: ServiceKey) -> ServiceStatus:
    return next(one.status for one in await session.show_services() if one.key == key)


def _asked(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def running_bench() -> Iterator[Bench]:
    """Three accounts with two played workers each, which beat every eight seconds."""
    with launch(fleet="simulated", accounts=3, services=6, heartbeat=8, speed="instant") as sandbox:
        bench = Bench(sandbox)
        bench.wait_for_prefect()
        yield bench


@dataclass
class Watched:
    """A console on the bench, and the newest of its pictures."""

    bench: Bench
    console: Console
    fleet: JudgedFleet | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        """Until the console is closed."""
        async with aclosing(self.console.watch()) as pictures:  # type: ignore[type-var]
            async for fleet in pictures:
                self.fleet = fleet
                self.changed.set()

    async def until(
        self, condition: Callable[[Watched], object], *, within: float = DEADLINE
    ) -> None:
        """Wait for a picture of which this is true."""
        try:
            async with asyncio.timeout(within):
                while self.fleet is None or not condition(self):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            said = " || ".join(map(self.said, CONNECTIONS))
            raise AssertionError(f"not within {within:g} s: {said}") from None

    def connection(self, name: str = VICTIM) -> ConnectionSnapshot:
        assert self.fleet is not None
        found = self.fleet.snapshot.connection(name)
        assert found is not None
        return found

    def verdicts(self, name: str = VICTIM) -> dict[str, Verdict]:
        """By the services' names."""
        assert self.fleet is not None
        known = self.fleet.verdicts
        return {one.key.name: known[one.key] for one in self.connection(name).services}

    def prefect_error(self, name: str = VICTIM) -> PrefectError | None:
        """What went wrong when that connection's work pool was asked for."""
        assert self.fleet is not None
        pools = self.fleet.snapshot.work_pools.items()
        found = next((seen.error for key, seen in pools if key.name == name), None)
        assert found is None or isinstance(found, PrefectError)
        return found

    def is_up(self, service: str, name: str = VICTIM) -> bool:
        """Whether all its containers are READY."""
        services = self.connection(name).services
        containers = next(one.containers.value for one in services if one.key.name == service)
        return bool(containers) and all(one.status is ContainerStatus.READY for one in containers)

    def is_fresh(self, name: str) -> bool:
        """Whether Snowflake answers there."""
        connection = self.connection(name)
        return connection.state is ConnectionState.CONNECTED and connection.error is None

    def is_well(self, name: str) -> bool:
        healths = [verdict.health for verdict in self.verdicts(name).values()]
        return (
            self.is_fresh(name)
            and self.prefect_error(name) is None
            and healths == [Health.HEALTHY, Health.HEALTHY]
        )

    def all_well(self) -> bool:
        return all(map(self.is_well, CONNECTIONS))

    def said(self, name: str = VICTIM) -> str:
        """What the screen says of that connection and its services."""
        if self.fleet is None:
            return "nothing"
        connection = self.connection(name)
        parts = [f"{name} {connection.state}"]
        if connection.error is not None:
            parts.append(_with_step(connection.error.message, connection.error.next_step))
        if (error := self.prefect_error(name)) is not None:
            parts.append(_with_step(f"Prefect: {error.message}", error.next_step))
        for service, verdict in self.verdicts(name).items():
            text = f"{service} {verdict.health}: {verdict.reason}"
            parts.append(_with_step(text, verdict.next_step))
        return " | ".join(parts)


def _with_step(text: str, next_step: str) -> str:
    return f"{text} -> {next_step}" if next_step else text


@asynccontextmanager
async def opened_watch(bench: Bench, interval: float = INTERVAL) -> AsyncIterator[Watched]:
    """The operations behind the dashboard, from their first moment."""
    console = await open_console(interval=interval, make_doctor=make_doctor)
    found = Watched(bench, console)
    following = asyncio.create_task(found.follow())
    try:
        yield found
    finally:
        await console.close()
        await following


@asynccontextmanager
async def watched(bench: Bench, well: Sequence[str] = CONNECTIONS) -> AsyncIterator[Watched]:
    """The same, from when all is well on these connections."""
    async with opened_watch(bench) as found:
        await found.until(lambda now: all(map(now.is_well, well)), within=BEGINS)
        yield found


async def checked(seconds: float = CHECK_SECONDS) -> tuple[CheckReport, str]:
    """What `--check` finds, and what it prints."""
    async with open_looks() as looks:
        report = await check(
            lambda: looks.look(None, seconds), looks.clock, CheckOptions(seconds=seconds)
        )
    return report, "\n".join(table(report, colour=False))
