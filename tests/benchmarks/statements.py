"""Statements per refresh with 10 and with 1,000 services on one connection, specs known."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from benchmarks.measuring import environment, report
from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.terminal import Terminal

INTERVAL_SECONDS = 5.0
WATCHED_REFRESHES = 8
PROGRAM = [sys.executable, "-m", "spcs_worker_tui.cli.main"]


def statements(sandbox: LaunchedSandbox) -> list[str]:
    """Every statement that the account got since the journal was last emptied."""
    request = urllib.request.Request(
        f"{sandbox.url}/sandbox/journal",
        headers={"Authorization": f"Bearer {sandbox.control_token}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return [entry["text"] for entry in json.load(answer)]


def forget(sandbox: LaunchedSandbox) -> None:
    """Empty the journal."""
    request = urllib.request.Request(
        f"{sandbox.url}/sandbox/journal",
        method="DELETE",
        headers={"Authorization": f"Bearer {sandbox.control_token}"},
    )
    urllib.request.urlopen(request, timeout=10).close()


def watched(services: int, home: Path) -> tuple[float, Counter[str]]:
    """Statements per refresh in the steady state, and by their first two words."""
    with launch(fleet="simulated", services=services, speed="instant", prefect=False) as sandbox:
        env = environment(home, SNOWFLAKE_HOME=str(sandbox.home))
        argv = [*PROGRAM, "--interval", str(INTERVAL_SECONDS)]
        with Terminal(argv, env, columns=160, rows=45) as terminal:
            terminal.wait_for(rf"Services {services}\b", 60)
            # Known is every spec once no tick describes any more.
            while True:
                forget(sandbox)
                settle(terminal, 2 * INTERVAL_SECONDS)
                if not any(text.startswith("DESCRIBE") for text in statements(sandbox)):
                    break
            forget(sandbox)
            settle(terminal, WATCHED_REFRESHES * INTERVAL_SECONDS)
            seen = statements(sandbox)
    kinds = Counter(" ".join(text.split()[:3]) for text in seen)
    return len(seen) / WATCHED_REFRESHES, kinds


def settle(terminal: Terminal, seconds: float) -> None:
    """Let the program run, taking its output."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.pump(0.2)


def main() -> None:
    """Print one line, and what the statements were."""
    with tempfile.TemporaryDirectory() as home:
        few, few_kinds = watched(10, Path(home))
        many, many_kinds = watched(1000, Path(home))
    report(
        "statements per refresh, 1,000 services : 10 services",
        f"{many / few:.2f} ({many:.1f} : {few:.1f})",
        "1.00 (equal)",
    )
    for name, kinds in (("10", few_kinds), ("1,000", many_kinds)):
        print(f"  {name}: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))


if __name__ == "__main__":
    main()
