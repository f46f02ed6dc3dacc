"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import sys
from pathlib import Path

# `--import-mode=importlib` leaves sys.path alone; the helpers under tests/support are shared.
sys.path.insert(0, str(Path(__file__).parent))
