"""What git and `pyproject.toml` say of a folder that an image is built from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.source_tree import Checkout
from spcs_worker_tui.domain.errors import ConfigurationError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one commit, and nobody's settings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "project"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "main.py").write_text("print()\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=n", "-c", "user.email=n@example.com")
    done = subprocess.run(
        ["git", *author, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


async def test_a_clean_checkout(checkout: Path):
    revision = await Checkout().revision(checkout)
    assert revision.commit == git(checkout, "rev-parse", "HEAD")
    assert not revision.is_dirty
    assert revision.word == revision.commit[:12]


async def test_a_change_and_an_unknown_file_are_dirt(checkout: Path):
    (checkout / "app" / "main.py").write_text("print(1)\n")
    (checkout / "app" / "new.py").write_text("")
    revision = await Checkout().revision(checkout)
    assert revision.is_dirty
    assert revision.changed == ("app/main.py", "app/new.py")
    assert revision.word == f"{revision.commit[:12]}-dirty"


async def test_only_what_is_built_counts(checkout: Path):
    (checkout / "notes.txt").write_text("")
    (checkout / ".gitignore").write_text("*.log\n")
    (checkout / "app" / "x.log").write_text("")
    assert not (await Checkout().revision(checkout / "app")).is_dirty
    assert (await Checkout().revision(checkout)).is_dirty


async def test_a_checkout_without_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    git(tmp_path, "init", "--quiet")
    revision = await Checkout().revision(tmp_path)
    assert (revision.commit, revision.word) == ("", "")
    assert "HEAD" in revision.problem


async def test_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    revision = await Checkout().revision(tmp_path)
    assert revision.commit == ""
    assert "not a git repository" in revision.problem


async def test_no_git(tmp_path: Path):
    assert "not installed" in (await Checkout(git="no-such-git").revision(tmp_path)).problem


async def test_git_that_hangs(tmp_path: Path):
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    revision = await Checkout(git=str(program), seconds=1).revision(tmp_path)
    assert "longer than 1 s" in revision.problem


async def test_the_version_of_the_nearest_pyproject(tmp_path: Path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2"\n')
    assert await Checkout().version(inner) == "1.2"
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\ndynamic = ["version"]\n')
    assert await Checkout().version(inner) == ""
    (tmp_path / "a" / "pyproject.toml").write_text("no = toml = at all")
    assert await Checkout().version(inner) == ""


async def test_files_that_cannot_be_read(tmp_path: Path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * (1 << 20) + b"x")
    for name, why in (
        ("none", "No such file"),
        ("binary", "is not UTF-8 text"),
        ("large", "too large"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            await Checkout().text(tmp_path / name)
