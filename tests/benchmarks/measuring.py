"""What the benchmarks share: CPU of a process, percentiles, a line per figure."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support.terminal import Terminal

TICKS = os.sysconf("SC_CLK_TCK")


def environment(home: Path, **extra: str) -> dict[str, str]:
    """A clean environment with its own HOME and Snowflake directory, and full colours.

    Where Python may not keep what it compiled, each program would compile all of its libraries
    anew: seconds of CPU that no user pays.
    """
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("SNOWFLAKE", "PREFECT")) and k != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {
        "HOME": str(home),
        "SNOWFLAKE_HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        **extra,
    }


def cpu_seconds(pid: int) -> float:
    """User and system time that this process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid: int) -> float:
    """Resident memory of this process."""
    return _status_kib(pid, "VmRSS") / 1024


def peak_memory_mib(pid: int) -> float:
    """The most resident memory that it ever had."""
    return _status_kib(pid, "VmHWM") / 1024


def _status_kib(pid: int, field: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def side_by_side(
    runs: int, ours: Callable[[], float], other: Callable[[], float]
) -> tuple[float, float, float]:
    """Medians of both, and the median of the ratios pair by pair, taken in turn.

    Each is called once before anything counts.
    """
    ours()
    other()
    pairs = [(ours(), other()) for _ in range(runs)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def first_paint(argv: Sequence[str], env: Mapping[str, str], shows: str) -> float:
    """Seconds from the start of a program until its screen shows a text."""
    with Terminal([sys.executable, *argv], env, columns=120, rows=40) as terminal:
        terminal.wait_for(shows, 20)
        return time.perf_counter() - terminal.started


def report(name: str, figure: str, target: str) -> None:
    """One line: what was measured, what came out, what it should be."""
    print(f"{name:<58} {figure:<44} target {target}", flush=True)
