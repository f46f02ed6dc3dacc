"""Where `spcs-worker.toml` is; apart from its reader, which takes time to import."""

from __future__ import annotations

from pathlib import Path

from spcs_worker_tui.domain.settings import FILE_NAME


def find_settings(start: Path) -> Path | None:
    """The settings file of this folder or of the nearest one above it, or None.

    Args:
        start: An absolute folder.
    """
    found = (folder / FILE_NAME for folder in (start, *start.parents))
    return next((path for path in found if path.is_file()), None)
