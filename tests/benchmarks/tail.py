"""The log: what is lost and repeated, how soon a line is on the screen, and what that costs.

The same load for our `logs --follow`, for our dashboard and for `snow spcs service logs --follow`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import cpu_seconds, environment, memory_mib, percentile, report
from benchmarks.tail_memory import million
from spcs_worker_tui.sandbox.clock import WallClock
from support.log_load import CONTAINER, SERVICE, TICK, LoadedService, Script, Write, loaded, nasty
from support.sandbox import RunningSandbox
from support.saved_connections import save
from support.snow import install_snow, snow_environment
from support.terminal import Terminal

BURSTS = 50_000
SECONDS = 40.0
"""Of each steady load."""
RATES = (200, 1_000)
LINE = 20
"""A thousand such lines a second are 60 KB: what one answer holds for certain."""
PROGRAM = [sys.executable, "-m", "spcs_worker_tui.cli.main"]
SETTLE = 12.0
"""Seconds after the last line in which everybody has asked once more."""
_NUMBER = re.compile(r"\b(\d{7}) (?:x|$)")


def steady(rate: int, seconds: float) -> Script:
    """So many lines a second."""
    return [(TICK, Write(int(rate * TICK), LINE))] * int(seconds / TICK)


@asynccontextmanager
async def writing(script: Script, home: Path) -> AsyncIterator[LoadedService]:
    """A service whose container will write this, and `home` for whoever reads it."""
    load = LoadedService([script], WallClock())
    async with loaded(load) as sandbox:
        save_connection(sandbox, home)
        load.begin()
        yield load


def save_connection(sandbox: RunningSandbox, home: Path) -> None:
    """For our program and for `snow`, which read the same file."""
    table = sandbox.connection(database="D", schema="S")
    table.pop("enable_server_session_keep_alive_auto_detection")
    save(home, {"dev": table})


async def play(load: LoadedService) -> None:
    """Write what is due, until everything is written."""
    while not load.is_over:
        load.play()
        await asyncio.sleep(TICK)


class Reader:
    """A program that prints the log into a file."""

    def __init__(
        self, name: str, argv: Sequence[str | Path], env: Mapping[str, str], home: Path
    ) -> None:
        self.name = name
        self._path = home / f"{name}.log"
        with self._path.open("w") as file:
            # Marks go where lines go, so that their places are known.
            self._process = subprocess.Popen(argv, env=env, stdout=file, stderr=file)

    @property
    def cpu(self) -> float:
        """Seconds so far."""
        return cpu_seconds(self._process.pid)

    async def began(self) -> None:
        """Return when it has printed a line."""
        while not _NUMBER.search(self.text()):
            if self._process.poll() is not None:
                raise SystemExit(f"{self.name} ended: {self.text()}")
            await asyncio.sleep(TICK)

    def text(self) -> str:
        """What it printed so far."""
        return self._path.read_text()

    def end(self) -> str:
        """Interrupt it; what it printed."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return self.text()


def ours(home: Path) -> Reader:
    """Our program without its screen."""
    argv = [*PROGRAM, "logs", SERVICE, "--follow", "--connection", "dev"]
    return Reader("spcs-worker-tui", argv, environment(home), home)


def snow(program: Path, home: Path) -> Reader:
    """Snowflake's own."""
    argv: list[str | Path] = [program, "spcs", "service", "logs", SERVICE, "--follow"]
    argv += ["--connection", "dev", "--container-name", CONTAINER, "--instance-id", "0"]
    return Reader("snow", argv, snow_environment(home), home)


@dataclass(frozen=True)
class Printed:
    """What a reader made of it."""

    lost: int
    silently: int
    """Lost where it does not say that anything is missing."""
    repeated: int
    disordered: int

    @classmethod
    def of(cls, text: str, written: int) -> Printed:
        """Read what was printed: numbers, and marks of what is missing between them."""
        places: list[int | None] = [
            int(found[1]) if (found := _NUMBER.search(line)) else None
            for line in text.splitlines()
            if _NUMBER.search(line) or "may be missing here" in line
        ]
        shown = Counter(place for place in places if place is not None)
        first = min(shown, default=written)
        silently = disordered = 0
        last, is_said = first - 1, False
        for place in [*places, written + 1]:
            if place is None:
                is_said = True
                continue
            if place > last:
                between = sum(number not in shown for number in range(last + 1, place))
                silently += 0 if is_said else between
            disordered += place < last
            last, is_said = max(last, place), False
        return cls(
            sum(number not in shown for number in range(first, written + 1)),
            silently,
            sum(shown.values()) - len(shown),
            disordered,
        )

    def __str__(self) -> str:
        return (
            f"{self.lost:,} lost ({self.silently:,} unsaid), {self.repeated:,} twice, "
            f"{self.disordered:,} out of order"
        )


async def lost_and_repeated(name: str, script: Script, home: Path, program: Path) -> None:
    """Both read the same log at the same time, from its first line on."""
    async with writing([(0.0, Write(1, LINE))], home) as load:
        await play(load)
        readers = [ours(home), snow(program, home)]
        for reader in readers:
            await reader.began()
        [writer] = load.writers
        writer.script += script
        load.begin()
        before = [reader.cpu for reader in readers]
        began = time.perf_counter()
        await play(load)
        shares = [
            (reader.cpu - cpu) / (time.perf_counter() - began)
            for reader, cpu in zip(readers, before, strict=True)
        ]
        await asyncio.sleep(SETTLE)
        for reader, share in zip(readers, shares, strict=True):
            printed = Printed.of(await asyncio.to_thread(reader.end), writer.count)
            report(
                f"{name}: {reader.name} ({100 * share:.0f} % of a core)",
                str(printed),
                "0 unsaid, 0 twice, 0 out of order" if reader.name != "snow" else "-",
            )


class Screen:
    """The dashboard, and when each line came to be seen on it."""

    def __init__(self, home: Path) -> None:
        self._env = environment(home, SNOWFLAKE_HOME=str(home))
        self.seen: list[tuple[int, float]] = []
        """The newest number on the screen, and since when."""
        self.cpu = 0.0
        self.memory = 0.0
        self._began = threading.Event()
        self._ends = threading.Event()

    async def watch(self, load: LoadedService) -> None:
        """Show everything that the load writes."""
        thread = asyncio.create_task(asyncio.to_thread(self._run))
        try:
            await asyncio.to_thread(self._began.wait)
            load.begin()
            await play(load)
            await asyncio.sleep(3.0)
        finally:
            self._ends.set()
            await thread

    def _run(self) -> None:
        try:
            with Terminal(PROGRAM, self._env, columns=160, rows=45) as terminal:
                terminal.wait_for(rf"Log {SERVICE}", 60)
                terminal.wait_for("following", 60)
                before = cpu_seconds(terminal.pid)
                self._began.set()
                newest = 0
                while not self._ends.is_set():
                    terminal.pump(0.05)
                    numbers = [int(found) for found in _NUMBER.findall(terminal.text)]
                    if max(numbers, default=0) > newest:
                        newest = max(numbers)
                        self.seen.append((newest, time.time()))
                self.cpu = cpu_seconds(terminal.pid) - before
                self.memory = memory_mib(terminal.pid)
        finally:
            self._began.set()


def latencies(load: LoadedService, seen: Sequence[tuple[int, float]]) -> list[float]:
    """Seconds from writing to the screen, of every line."""
    [writer] = load.writers
    written = [time_ns / 1e9 for time_ns, _ in writer.lines if time_ns is not None]
    answers: list[float] = []
    last = 0
    for newest, moment in seen:
        answers += [moment - at for at in written[last:newest]]
        last = newest
    return answers


async def to_the_screen(rate: int, home: Path) -> None:
    """Latency and CPU of the dashboard at this rate."""
    async with writing(steady(rate, SECONDS), home) as load:
        screen = Screen(home)
        await screen.watch(load)
    waited = latencies(load, screen.seen)
    shares = ", ".join(f"{percentile(waited, share):.2f} s" for share in (0.5, 0.95, 1))
    report(f"written to seen at {rate:,} lines/s, p50, p95, most", shares, "p95 <= 2 s")
    report(
        f"CPU of the dashboard at {rate:,} lines/s",
        f"{100 * screen.cpu / SECONDS:.0f} % of a core ({screen.memory:.0f} MiB)",
        "-",
    )


async def measure(home: Path) -> None:
    """Print everything that needs a server."""
    program = install_snow()
    bursts = nasty(BURSTS, 1, apart=3.0)
    await lost_and_repeated(f"{BURSTS:,} lines in bursts", bursts, home, program)
    for rate in RATES:
        await lost_and_repeated(f"{rate:,} lines/s", steady(rate, SECONDS), home, program)
        await to_the_screen(rate, home)


def main() -> None:
    """Print a line per figure; `--lines` shortens the million."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(measure(Path(home)))
    million(options.lines)


if __name__ == "__main__":
    main()
