"""What importing Prefect's client leaves behind: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_nothing_is_left_by_a_program_that_ends_at_once(tmp_path: Path) -> None:
    code = (
        "import os; from spcs_worker_tui.adapters.prefect.quiet_import import import_writer; "
        "import_writer(); os._exit(0)"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
