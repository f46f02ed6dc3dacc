"""Which keys are in the keyring, by name only: a keyring cannot be asked what it holds.

A file to which one line is added with every change, `+ NAME` or `- NAME`, so that two programs
that change it at the same time do not undo each other's note.
"""

from __future__ import annotations

import os
from pathlib import Path

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import KeyName

_FOR_ME_ALONE = 0o600


class KeyNotes:
    """The notes.

    Args:
        path: The file; by default where the platform keeps a user's data.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._given = path

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        if self._given is None:
            import platformdirs  # noqa: PLC0415 - for nobody who says where

            self._given = platformdirs.user_data_path("spcs-worker-tui") / "keys"
        return self._given

    def names(self) -> tuple[KeyName, ...]:
        """What was noted and not crossed out, in the order of the notes.

        Without a file, or with one that cannot be read, nothing; lines that are no notes are
        passed over.
        """
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()
        noted: dict[KeyName, None] = {}
        for line in text.splitlines():
            name = KeyName.parse(line[2:])
            if name is not None and line.startswith("+ "):
                noted[name] = None
            elif name is not None and line.startswith("- "):
                noted.pop(name, None)
        return tuple(noted)

    def add(self, name: KeyName) -> None:
        """Note it.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        if name not in self.names():
            self._write(f"+ {name.entry}\n")

    def remove(self, name: KeyName) -> None:
        """Cross it out.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        if name in self.names():
            self._write(f"- {name.entry}\n")

    def _write(self, line: str) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _FOR_ME_ALONE)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)
        except OSError as error:
            raise ConfigurationError(
                f"what is kept cannot be noted in {self.path}: {error.strerror}",
                next_step="Make that a file that you may write; it holds names, no values.",
            ) from error
