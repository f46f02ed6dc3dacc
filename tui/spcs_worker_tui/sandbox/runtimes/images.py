"""Which local command stands for which image."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.runtimes.base import Launch

_PROGRAMS: Final = Path(__file__).parent / "programs"
_SHELLS: Final = frozenset({"sh", "/bin/sh"})


@dataclass(frozen=True, slots=True)
class KnownImage:
    """What a Dockerfile would say: ENTRYPOINT, CMD and ENV."""

    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def _program(name: str) -> KnownImage:
    return KnownImage((sys.executable, "-I", str(_PROGRAMS / name)))


BUILT_IN: Final[Mapping[str, KnownImage]] = {
    "prefect-worker": KnownImage(
        (sys.executable, "-m", "spcs_worker"), env={"PYTHONUNBUFFERED": "1"}
    ),
    "echo-http": _program("echo_http.py"),
    "logger": _program("logger.py"),
    "crash": _program("crash.py"),
    "stubborn": _program("stubborn.py"),
    "memory-hog": _program("memory_hog.py"),
}
"""By `Image.command`."""


class KnownImages(Mapping[str, KnownImage]):
    """The registry of images that the process runtime can run, by `Image.command`."""

    def __init__(self, images: Mapping[str, KnownImage] = BUILT_IN) -> None:
        self._images = dict(images)

    def __getitem__(self, name: str) -> KnownImage:
        return self._images[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._images)

    def __len__(self) -> int:
        return len(self._images)

    def argv(self, launch: Launch) -> list[str]:
        """The command of a container: `command` replaces ENTRYPOINT and CMD, `args` CMD.

        Raises:
            OSError: The image is not known, or has no such executable.
        """
        image = self.get(launch.command_name)
        if image is None:
            raise FileNotFoundError(f"no image is known as {launch.command_name!r}")
        if launch.command:
            name, *rest = launch.command
            return [_executable(name), *rest, *(launch.args or ())]
        return [*image.entrypoint, *(image.cmd if launch.args is None else launch.args)]


def _executable(name: str) -> str:
    """What an image of ours has: a shell, and the commands of this Python environment."""
    if name in _SHELLS:
        return "/bin/sh"
    found = shutil.which(name, path=str(Path(sys.executable).parent)) if "/" not in name else None
    if found is None:
        raise FileNotFoundError(f"no executable {name!r} in the image")
    return found
