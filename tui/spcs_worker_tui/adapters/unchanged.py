"""Files that are asked for again and again, and seldom change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from spcs_worker_tui.domain.errors import ConfigurationError

T = TypeVar("T")

_Stamp = tuple[int, int, int] | None


class WhileUnchanged(Generic[T]):
    """Reads a file again only when it has changed; gives the same object, or error, until then.

    Args:
        read: Reads it; raises ConfigurationError where it cannot.
    """

    def __init__(self, read: Callable[[Path], T]) -> None:
        self._read = read
        self._known: dict[Path, tuple[_Stamp, T | ConfigurationError]] = {}

    def __call__(self, path: Path) -> T:
        """What is in that file.

        Raises:
            ConfigurationError: It cannot be read, or something in it is wrong.
        """
        stamp = _stamp(path)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            found: T | ConfigurationError
            try:
                found = self._read(path)
            except ConfigurationError as error:
                found = error
            known = self._known[path] = stamp, found
        if isinstance(known[1], ConfigurationError):
            # The same one every time must not collect where it was raised from.
            raise known[1].with_traceback(None)
        return known[1]


def _stamp(path: Path) -> _Stamp:
    """What changes with a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
