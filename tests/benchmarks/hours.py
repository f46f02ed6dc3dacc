"""Eight hours of the dashboard, refresh after refresh: what it holds at the end of each."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from support.hours import Held, running_hours
from support.large_site import Size, large_site
from support.restless import restless

SIZE = Size(services=24, connections=2, work_pools=3)
HEADER = (
    f"{'hour':>6} {'refreshes':>9} {'objects':>9} {'entries':>9} {'blocks':>9} {'RSS MiB':>8}"
    f" {'tasks':>6} {'threads':>8} {'sockets':>8} {'files':>6}"
)


def line(held: Held) -> str:
    """One moment."""
    return (
        f"{held.hours:>6.2f} {held.refreshes:>9,} {held.objects:>9,} {held.entries:>9,}"
        f" {held.blocks:>9,} {held.rss_kib / 1024:>8.1f} {held.tasks:>6} {held.threads:>8}"
        f" {held.sockets:>8} {held.files:>6}"
    )


def main() -> None:
    """Print a line for each hour, and the last one against the first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--lines", type=int, default=8)
    parser.add_argument("--screen", action="store_true", help="with the screen, and keys pressed")
    options = parser.parse_args()
    print(f"{SIZE}, which die, rest, change and come anew\n{HEADER}", flush=True)
    with (
        tempfile.TemporaryDirectory() as home,
        large_site(SIZE, by_hand=True) as site,
        restless(site) as other,
        running_hours(site, Path(home), screen=options.screen) as hours,
    ):
        for _ in range(2):
            other.round(lambda: hours.pass_time(2))
        first = last = hours.held()
        print(line(first), flush=True)
        for number in range(options.lines):
            due = options.hours * (number + 1) / options.lines
            while last.hours < due:
                # Somebody does something every few minutes; in between all is quiet.
                other.round(lambda: hours.pass_time(2))
                hours.pass_time(40)
                last = hours.held()
            print(line(last), flush=True)
    for name in ("objects", "entries", "blocks", "rss_kib"):
        print(f"  {name}: {getattr(last, name) / getattr(first, name):.3f} times the first line")


if __name__ == "__main__":
    main()
