"""The answers of a set-up that was left, beside the audit log. None of them is secret."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from spcs_worker_tui.adapters.audit import state_directory

_NAME = "setup.json"
_LARGEST = 1 << 16


class DraftFile:
    """Implements the port `DraftStore`.

    A file that cannot be read or written is worth no complaint: everything can be answered again.

    Args:
        path: The file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_directory() / _NAME

    def load(self) -> Mapping[str, str]:
        """What was kept; empty where there is nothing, or nothing that can be read."""
        try:
            with self.path.open("rb") as file:
                found = json.loads(file.read(_LARGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def save(self, answers: Mapping[str, str]) -> None:
        """Keep these in place of what was kept, for their owner alone."""
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{_NAME}.", dir=self.path.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(dict(answers), file, indent=1)
            Path(name).replace(self.path)
