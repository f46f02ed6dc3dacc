"""Start to first painted frame, against a bare Textual app with the same widgets."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measuring import environment, first_paint, report, side_by_side
from spcs_worker_tui.sandbox.launch import launch

RUNS = 7


def main() -> None:
    """Print one line."""
    bare = str(Path(__file__).with_name("bare_app.py"))
    with (
        launch(fleet="simulated", services=20, speed="instant", prefect=False) as sandbox,
        tempfile.TemporaryDirectory() as home,
    ):
        env = environment(Path(home), SNOWFLAKE_HOME=str(sandbox.home))
        ours, other, ratio = side_by_side(
            RUNS,
            lambda: first_paint(["-m", "spcs_worker_tui.cli.main"], env, "spcs-worker-tui"),
            lambda: first_paint([bare], env, "bare app"),
        )
    report(
        "first painted frame, dashboard : bare Textual app",
        f"{ratio:.2f} ({1000 * ours:.0f} ms : {1000 * other:.0f} ms)",
        "<= 1.2",
    )


if __name__ == "__main__":
    main()
