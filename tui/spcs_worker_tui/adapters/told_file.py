"""What `--check --notify-changes` told last, as a file in the state directory."""

from __future__ import annotations

import json
from pathlib import Path

from spcs_worker_tui.adapters.audit import state_directory
from spcs_worker_tui.adapters.private_file import replace_file

_NAME = "notified.json"
_FORMAT = 1
_MOST_SCOPES = 200
"""Whoever asks in ever new ways does not make the file grow for ever."""


class ToldFile:
    """Implements the port `ToldBefore`.

    Holds names of services and connections with one word each. Losing it costs one notice too
    many.

    Args:
        path: The file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_directory() / _NAME

    def last(self, scope: str) -> tuple[str, ...] | None:
        """What was told last; see the port."""
        return self._read().get(scope)

    def keep(self, scope: str, picture: tuple[str, ...]) -> str:
        """Replace the file at once; see the port."""
        told = self._read()
        told.pop(scope, None)
        told[scope] = picture
        newest = list(told.items())[-_MOST_SCOPES:]
        text = json.dumps({"format": _FORMAT, "told": dict(newest)})
        try:
            replace_file(self.path, text)
        except OSError as error:
            return (
                f"what was told cannot be remembered in {self.path}: {error.strerror or error}; "
                "it will be told again"
            )
        return ""

    def _read(self) -> dict[str, tuple[str, ...]]:
        """What the file says; one that is not ours says nothing."""
        try:
            saved = json.loads(self.path.read_text(encoding="utf-8"))
            if saved["format"] != _FORMAT:
                return {}
            return {scope: tuple(map(str, lines)) for scope, lines in saved["told"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}
