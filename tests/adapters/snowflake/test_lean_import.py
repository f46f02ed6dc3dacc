"""What the connector can do without is not imported with it, and can be imported afterwards."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
import spcs_worker_tui.adapters.snowflake.driver
assert "snowflake.connector.aio" in sys.modules
assert "sqlalchemy" not in sys.modules
import sqlalchemy
from spcs_worker_tui.adapters.snowflake.lean_import import without_unused
with without_unused():
    assert sys.modules["sqlalchemy"] is sqlalchemy
"""


def test_the_connector_comes_without_sqlalchemy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
