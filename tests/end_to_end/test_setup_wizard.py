"""The wizard in a real pseudo-terminal, from an empty home to a flow that ran on a real worker."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.new_account import NewAccount, new_account
from support.secret_service import SecretService, secret_service
from support.terminal import Terminal

MOST_ANSWERS = 12
PROGRAM = [sys.executable, "-m", "spcs_worker_tui.cli.main"]
DOWN = "\x1b[B"


class Person:
    """Types one answer after the other, and counts them."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.answers = 0

    def answer(self, keys: str, then: str, within: float = 60) -> None:
        """One answer with its enter, and what has to come of it."""
        self.answers += 1
        for key in keys.split("|"):
            self.terminal.send(key)
            self.terminal.pump(0.2)
        self.terminal.send("\r")
        self.terminal.wait_for(then, within)


def environment(home: Path, keyring: SecretService) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SNOWFLAKE", "PREFECT", "SPCS", "XDG", "DBUS"))
    }
    return (
        kept
        | keyring.environment
        | {
            "HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "SPCS_WORKER_TUI_STATE_DIR": str(home / "state"),
        }
    )


def saved_connection(account: NewAccount) -> dict[str, str]:
    """What the sandbox itself saved, for the person to type."""
    found: dict[str, str] = tomllib.loads((account.home / "connections.toml").read_text())["dev"]
    return found


def set_up(person: Person, account: NewAccount) -> None:
    """Everything from the first field to the last page."""
    saved = saved_connection(account)
    person.terminal.wait_for("No connection is saved", 30)
    person.answer(saved["account"], "User")
    person.answer(saved["user"], "Password")
    # The one field that only a stand-in needs.
    host = f"{DOWN}|{DOWN}|{DOWN}|http://{saved['host']}:{saved['port']}|\x1b[A|\x1b[A|\x1b[A|"
    person.answer(host + saved["password"], "Which role owns")
    person.answer("", "Where is Prefect")
    person.answer(DOWN, "API URL")
    person.answer(account.api_url, "Make spcs")
    person.answer("", "Where do things go")
    person.terminal.wait_for(r"Environment +default", 30)
    person.answer("", "Which image")
    person.terminal.wait_for("spcs-worker:latest +is there", 30)
    person.answer(DOWN, "Set it up")
    assert not (Path(account.folder) / "spcs-worker.toml").exists()


@pytest.mark.alone
@pytest.mark.timeout(600)
async def test_from_an_empty_home_to_a_flow_that_ran(tmp_path: Path) -> None:
    home = tmp_path / "home"
    project = home / "project"
    project.mkdir(parents=True)
    async with new_account(tmp_path / "sandbox") as account:
        await account.furnish_images()

        def run() -> None:
            with secret_service(tmp_path / "keyring") as keyring:
                variables = environment(home, keyring)
                with Terminal([*PROGRAM, "setup"], variables, cwd=str(project)) as terminal:
                    person = Person(terminal)
                    set_up(person, account)
                    assert not (home / ".config" / "snowflake").exists()  # nothing changed yet
                    assert not keyring.entries()
                    person.answer(DOWN, "A worker is running", 180)
                    assert person.answers <= MOST_ANSWERS
                    terminal.send(DOWN + "\r")
                    assert terminal.wait_exit(20) == 0
                    said = bytes(terminal.raw)
                password = saved_connection(account)["password"].encode()
                assert password not in said
                assert not [
                    p for p in home.rglob("*") if p.is_file() and password in p.read_bytes()
                ]
                check(home, project, variables)

        await asyncio.to_thread(run)


def check(home: Path, project: Path, variables: dict[str, str]) -> None:
    """What is left: a connection without its password, settings, and a fleet that is healthy."""
    path = home / ".config" / "snowflake" / "connections.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "password" not in tomllib.loads(path.read_text())["default"]
    settings = tomllib.loads((project / "spcs-worker.toml").read_text())
    assert settings["environments"]["default"]["service"] == "WORKER"
    found = subprocess.run(
        [*PROGRAM, "--check", "--json", "--timeout", "60"],
        env=variables,
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    (service,) = json.loads(found.stdout)["services"]
    assert service["verdict"] == "healthy"
