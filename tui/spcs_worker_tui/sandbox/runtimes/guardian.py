"""Leaves nothing running: a small process that outlives the sandbox and cleans up after it."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

from spcs_worker_tui.sandbox.runtimes import guardian_process

_logger = logging.getLogger(__name__)

MARK_VARIABLE: Final = "SPCS_SANDBOX_MARK"


class Guardian:
    """The sandbox's side of the guardian process.

    When the sandbox is gone, closed in good order or killed, the guardian ends every process
    that it was told of or that carries `environment`, first with SIGTERM, and removes the
    directories, containers and images. Every process that the sandbox starts should get
    `environment`: it is what finds those that went into a session of their own, as Prefect's flow
    runs do (Linux only; elsewhere only the groups that it was told of are found).

    Args:
        grace_seconds: Between SIGTERM and SIGKILL.
    """

    def __init__(self, grace_seconds: float = 3.0) -> None:
        self.mark = secrets.token_hex(16)
        self._grace_seconds = grace_seconds
        self._groups: set[int] = set()
        self._directories: set[str] = set()
        self._containers: set[tuple[str, str]] = set()
        self._images: set[tuple[str, str]] = set()
        self._process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What to put into the environment of everything the sandbox starts."""
        return {MARK_VARIABLE: self.mark}

    @property
    def pid(self) -> int | None:
        """The guardian's process, while there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process. Until then nothing is guarded."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
            [
                sys.executable,
                "-I",
                "-S",
                guardian_process.__file__,
                MARK_VARIABLE,
                self.mark,
                str(self._grace_seconds),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd="/",
            # Not in the terminal's foreground group, where a Ctrl-C or a hang-up would reach it.
            start_new_session=True,
        )
        for group in self._groups:
            self._tell("watch_group", group)
        for directory in self._directories:
            self._tell("watch_directory", directory)
        for containers in self._containers:
            self._tell("watch_containers", containers)
        for image in self._images:
            self._tell("watch_image", image)

    def watch_group(self, group: int) -> None:
        """End this process group when the sandbox is gone."""
        self._groups.add(group)
        self._tell("watch_group", group)

    def forget_group(self, group: int) -> None:
        """It has ended; its number may soon be somebody else's."""
        self._groups.discard(group)
        self._tell("forget_group", group)

    def watch_directory(self, directory: Path) -> None:
        """Remove this directory when the sandbox is gone."""
        self._directories.add(str(directory))
        self._tell("watch_directory", str(directory))

    def forget_directory(self, directory: Path) -> None:
        """It is removed already."""
        self._directories.discard(str(directory))
        self._tell("forget_directory", str(directory))

    def watch_containers(self, socket: Path, label: str) -> None:
        """Remove every container with this label from the engine on that socket, at the end."""
        self._containers.add((str(socket), label))
        self._tell("watch_containers", (str(socket), label))

    def watch_image(self, socket: Path, reference: str) -> None:
        """Remove this image from the engine on that socket, at the end."""
        self._images.add((str(socket), reference))
        self._tell("watch_image", (str(socket), reference))

    async def close(self) -> None:
        """Let it clean up what is left, now, and return when it has."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            await asyncio.to_thread(process.wait)

    def _tell(self, word: str, thing: int | str | tuple[str, str]) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([word, thing]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            _logger.warning("the guardian process is gone; starting another")
            self._process.wait()
            self.start()
