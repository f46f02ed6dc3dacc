"""The picture in the README: the dashboard over the scripted demo fleet, always the same.

Make it anew after a change of what the dashboard looks like::

    PYTHONPATH=tests python -m support.picture docs/dashboard.svg
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import sys
from datetime import UTC, timedelta
from pathlib import Path

from spcs_worker_tui.domain.log import LogEvent, LogLine, LogRestart, LogSource
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.ui.app import FleetApp
from support.console import NOW, ScriptedConsole, demo, shifted
from support.screen import is_settled, ready, select, until

SIZE = (120, 36)
_BEATS = (30.1, 29.9, 30.0, 30.2, 38.5, 30.0, 29.8, 30.1, 30.0, 30.1, 29.9, 30.0)
"""Seconds between heartbeats: one was slow."""

_LOG = (
    (0, 312.4, "INFO    | Flow run 'amber-heron' - Finished in state Completed()"),
    (1, 124.0, "INFO    | Worker 'analytics.prefect.reports.1' submitting flow run 'busy-beaver'"),
    (1, 121.2, "INFO    | Flow run 'busy-beaver' - Downloading flow code from storage"),
    (1, 119.8, "INFO    | Flow run 'busy-beaver' - Beginning flow run for flow 'daily-report'"),
    (1, 118.9, "INFO    | Task run 'extract-5f0' - Batch 1: extracted 5200 rows"),
    (1, 117.3, "INFO    | Task run 'extract-a17' - Batch 2: extracted 5282 rows"),
    (1, 116.6, "WARNING | Task run 'clean-c80' - Rows without a key were skipped: 17 of 10482"),
    (0, 61.5, "INFO    | Worker 'analytics.prefect.reports.0' submitting flow run 'calm-lynx'"),
    (0, 57.7, "INFO    | Flow run 'calm-lynx' - Beginning flow run for flow 'hourly-report'"),
    (0, 44.0, "ERROR   | Task run 'load-3d4' - Warehouse LOAD_WH is suspended, retrying in 10 s"),
    (0, 33.2, "INFO    | Task run 'load-3d4' - Loaded 10465 rows"),
    (0, 32.9, "INFO    | Flow run 'calm-lynx' - Finished in state Completed()"),
)


def log() -> list[LogEvent]:
    """What the picture's log says, as our worker writes it."""
    events: list[LogEvent] = []
    for instance, seconds, text in _LOG:
        at = NOW - timedelta(seconds=seconds)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        source = LogSource(instance, "worker")
        events.append(LogLine(source, int(at.timestamp() * 1e9), f"{stamp} | {text}"))
    events.insert(1, LogRestart(LogSource(1, "worker"), 1, 137, NOW - timedelta(seconds=180)))
    return events


def past() -> list[JudgedFleet]:
    """The fleet at each heartbeat up to now."""
    moments = [NOW]
    for seconds in reversed(_BEATS):
        moments.append(moments[-1] - timedelta(seconds=seconds))
    return [shifted(demo(), moment) for moment in reversed(moments)]


def steady(judged: JudgedFleet) -> JudgedFleet:
    """As if nothing were asked of the reader but what the fleet asks."""
    connections = tuple(c for c in judged.snapshot.connections if c.services)
    snapshot = dataclasses.replace(judged.snapshot, connections=connections)
    return JudgedFleet(snapshot, judged.verdicts)


async def picture() -> str:
    """The SVG."""
    console = ScriptedConsole(*map(steady, past()), log=log())
    app = FleetApp(console.open, now=lambda: NOW, zone=UTC)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await until(pilot, console.pictures.empty)
        await select(pilot, "REPORTS")
        await until(pilot, lambda: is_settled(app))
        await pilot.pause()
        svg = app.export_screenshot(title="spcs-worker-tui")
    return _without_network(svg)


def _without_network(svg: str) -> str:
    """Fonts of the reader's machine: a picture should not call anybody when it is looked at."""
    svg = re.sub(r"\s*@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL)
    fonts = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
    svg = re.sub(r"font-family: ?Fira Code, monospace", f"font-family: {fonts}", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    lines = (line.rstrip() for line in svg.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(picture()), encoding="utf-8")
