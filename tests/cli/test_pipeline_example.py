"""docs/examples/github-actions.yml: valid, and its commands are taken as they stand there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from spcs_worker_tui.cli.arguments import parse

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "examples" / "github-actions.yml").read_text(encoding="utf-8")
COMMAND = re.compile(r"^ *(spcs-worker-tui .*?)(?: \|\| .*)?$", re.MULTILINE)


@pytest.fixture
def workflow() -> dict[str, Any]:
    # GitHub reads YAML 1.2, where `on` is a word.
    made: dict[str, Any] = YAML(typ="safe", pure=True).load(TEXT)
    return made


@pytest.fixture
def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    (job,) = workflow["jobs"].values()
    made: list[dict[str, Any]] = job["steps"]
    return made


def scripts(steps: list[dict[str, Any]]) -> str:
    return "\n".join(step["run"] for step in steps if "run" in step)


def test_its_commands_are_taken_as_they_stand_there(steps: list[dict[str, Any]]) -> None:
    commands = COMMAND.findall(scripts(steps))
    verbs = [parse(shlex.split(command)[1:]).command for command in commands]
    assert verbs == ["project", "keys", "doctor", "deploy", None]
    assert parse(shlex.split(commands[-1])[1:]).wait


def test_it_asks_nobody_and_goes_back_by_itself(steps: list[dict[str, Any]]) -> None:
    (deploy,) = [c for c in COMMAND.findall(scripts(steps)) if " deploy " in c]
    options = parse(shlex.split(deploy)[1:])
    assert options.yes
    assert options.rollback_on_failure


def test_nothing_from_outside_is_put_into_a_script(steps: list[dict[str, Any]]) -> None:
    """What stands in `${{ }}` is pasted before the shell reads the script: only `env` is safe."""
    assert "${{" not in scripts(steps)


def test_it_may_do_no_more_than_it_has_to(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["on"]["push"]["branches"] == ["main"]


def test_the_connection_that_it_saves_is_one(steps: list[dict[str, Any]]) -> None:
    (script,) = [step["run"] for step in steps if "connections.toml" in step.get("run", "")]
    saved = tomllib.loads(script.partition("<<END\n")[2].partition("\nEND\n")[0])
    assert saved["prod"]["authenticator"] == "snowflake_jwt"
    assert "umask 077" in script


def test_every_secret_that_it_uses_is_named_at_its_top() -> None:
    head = TEXT.partition("name: worker")[0]
    used = set(re.findall(r"(?:secrets|vars)\.([A-Z_]+)", TEXT))
    assert used == set(re.findall(r"[A-Z]+_[A-Z_]+", head))
