"""Files that the sandbox keeps fresh inside a container: the session token, secrets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any


class Mounts:
    """Directories of the machine, each mounted into the container under its own path.

    Directories and not files: a file is replaced by renaming, which a mounted file would not see.
    The container's user may be anybody, so everything in them is readable by all; `root` keeps
    the machine's other users out.

    Args:
        root: For this container alone; made here, for its owner alone.
        directories: Absolute paths in the container.
    """

    def __init__(self, root: Path, directories: Iterable[str]) -> None:
        self._root = root
        root.mkdir(mode=0o700)
        self._homes: dict[PurePosixPath, Path] = {}
        for number, directory in enumerate(sorted(set(directories))):
            home = root / str(number)
            home.mkdir()
            home.chmod(0o755)
            self._homes[PurePosixPath(directory)] = home

    @property
    def config(self) -> list[dict[str, Any]]:
        """As the engine wants to be told of them."""
        return [
            {"Type": "bind", "Source": str(home), "Target": str(target), "ReadOnly": True}
            for target, home in self._homes.items()
        ]

    def write(self, path: str, content: str) -> None:
        """Put a file into one of the directories; a reader sees the old content or the new."""
        target = PurePosixPath(path)
        home = self._homes[target.parent]
        fresh = home / f".{target.name}.new"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "w") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
        fresh.replace(home / target.name)

    def remove(self) -> None:
        """The container is gone."""
        shutil.rmtree(self._root, ignore_errors=True)
