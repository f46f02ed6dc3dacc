"""What a refresh costs with more services, more connections, more work pools."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import environment
from support.large_site import LargeSite, Size, large_site

INTERVAL_SECONDS = 5.0
REFRESHES = 12
"""A minute: what is asked every minute is in it once."""
WITHIN = 1800.0

SERIES: dict[str, Sequence[Size]] = {
    "services": [Size(10), Size(100), Size(1000), Size(5000)],
    "connections": [Size(1000, n, 50) for n in (1, 10, 50)],
    "pools": [Size(1000, 1, n) for n in (1, 20, 200)],
}
HEADER = (
    f"{'':<46} {'every':>6} {'statements':>16} {'requests':>16} {'CPU ms':>16}"
    f" {'memory MiB':>18} {'peak':>6} {'all seen after':>24}"
)


def watched(site: LargeSite, size: Size, refreshes: int) -> dict[str, Any]:
    """What `benchmarks.watching` says of that fleet."""
    with tempfile.TemporaryDirectory() as home:
        env = environment(
            Path(home), SNOWFLAKE_HOME=str(site.home), PYTHONPATH=str(Path(__file__).parents[1])
        )
        command = [sys.executable, "-m", "benchmarks.watching", f"--services={size.services}"]
        command += [f"--prefect-api-url={site.prefect_api_url}", f"--refreshes={refreshes}"]
        command += [f"--interval={INTERVAL_SECONDS}"]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True, timeout=WITHIN)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def line(size: Size, found: dict[str, Any], smallest: dict[str, Any]) -> str:
    """The figures of one fleet, and how many times those of the smallest of its series."""

    def pair(name: str, factor: float = 1.0, digits: int = 1) -> str:
        ratio = found[name] / smallest[name] if smallest[name] else 0.0
        return f"{factor * found[name]:.{digits}f} ({ratio:.2f})"

    all_seen = f"{found['all_seen_seconds']:.1f} s, {found['all_seen_statements']:,} st."
    return (
        f"{size!s:<46} {found['seconds']:>4.1f} s {pair('statements'):>16} {pair('requests'):>16}"
        f" {pair('cpu_seconds', 1000, 0):>16} {pair('memory_mib', 1, 0):>18}"
        f" {found['peak_memory_mib']:>6.0f} {all_seen:>24}"
    )


def main() -> None:
    """Print a table for each series: per refresh, and in brackets against the first line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("series", nargs="*", choices=[[], *SERIES], default=[])
    parser.add_argument("--refreshes", type=int, default=REFRESHES)
    parser.add_argument("--only", type=int, help="the one line with so many services")
    options = parser.parse_args()
    for name in options.series or SERIES:
        print(f"per refresh, by {name} (times the first line)\n{HEADER}", flush=True)
        smallest: dict[str, Any] = {}
        for size in SERIES[name]:
            if options.only not in (None, size.services):
                continue
            with large_site(size) as site:
                found = watched(site, size, options.refreshes)
            smallest = smallest or found
            print(line(size, found, smallest), flush=True)
            if found["healthy"] != size.services:
                print(f"  only {found['healthy']} of them were found healthy")


if __name__ == "__main__":
    main()
