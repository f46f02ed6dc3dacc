"""The port `SourceTree`: git and `pyproject.toml`, read in threads."""

from __future__ import annotations

import asyncio
import os
import tomllib
from pathlib import Path, PurePath

from spcs_worker_tui.adapters.toml_text import read_toml
from spcs_worker_tui.domain.building import Revision
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.text import one_line

GIT_SECONDS = 20.0
_SHOWN = 3
_LARGEST = 1 << 20


class Checkout:
    """Implements the port `SourceTree`.

    Args:
        git: The program.
        seconds: How long it may take; `git status` reads a whole checkout.
    """

    def __init__(self, git: str = "git", seconds: float = GIT_SECONDS) -> None:
        self._git = git
        self._seconds = seconds

    async def revision(self, folder: PurePath) -> Revision:
        """What git knows of that folder; see the port."""
        try:
            async with asyncio.timeout(self._seconds):
                status, commit, complaint = await self._asked(folder, "rev-parse", "HEAD")
                if status:
                    return Revision(problem=_problem(complaint))
                changes = ("status", "--porcelain", "--untracked-files=normal", "--", ".")
                status, listed, complaint = await self._asked(folder, *changes)
        except FileNotFoundError:
            return Revision(problem="git is not installed, or the folder is not there")
        except TimeoutError:
            return Revision(problem=f"git took longer than {self._seconds:.0f} s")
        if status:
            return Revision(problem=_problem(complaint))
        changed = [one_line(line[3:], 120) for line in listed.splitlines() if line]
        return Revision(commit.strip(), bool(changed), tuple(changed[:_SHOWN]))

    async def _asked(self, folder: PurePath, *arguments: str) -> tuple[int, str, str]:
        # Its own locks would get in the way of whoever works in the checkout.
        process = await asyncio.create_subprocess_exec(
            self._git,
            *arguments,
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")

    async def version(self, folder: PurePath) -> str:
        """The version in the nearest `pyproject.toml`; see the port."""
        return await asyncio.to_thread(_version, Path(folder))

    async def text(self, path: PurePath) -> str:
        """The text of a small file; see the port."""
        return await asyncio.to_thread(_text, Path(path))


def _problem(complaint: str) -> str:
    line = next(iter(complaint.strip().splitlines()), "git failed")
    return one_line(line.removeprefix("fatal: "), 200)


def _version(folder: Path) -> str:
    for place in (folder, *folder.parents):
        try:
            text = (place / "pyproject.toml").read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        try:
            project = read_toml(text).get("project", {})
        except tomllib.TOMLDecodeError:
            return ""
        version = project.get("version", "") if isinstance(project, dict) else ""
        return version if isinstance(version, str) else ""
    return ""


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ConfigurationError(f"{path} is too large: more than {_LARGEST} bytes")
        return data.decode()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text") from error
