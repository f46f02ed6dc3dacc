"""`update`, `rollback` and `project` as processes: from a project, and on a service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.program import Program
from support.project_file import PLACES, SPEC, lay_out

SETTINGS = f"""\
[defaults]
{PLACES}service = "NEWCOMER"
image = "plain"
tag = "1.0"

[defaults.variables]
LEVEL = "INFO"

[environments.dev]
connection = "dev"

[environments.look]
connection = "dev"
read_only = true
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A settings file with its specification beside it."""
    return lay_out(tmp_path / "project", SETTINGS)


def of(project: Path, env: str = "dev") -> tuple[str, ...]:
    return ("--project", str(project), "--env", env)


def change(path: Path, before: str, after: str) -> None:
    path.write_text(path.read_text().replace(before, after, 1))


async def test_a_project_is_created_updated_and_taken_back(world: Any, project: Path) -> None:
    run = world.program.run
    answer = await run("update", *of(project), "--yes")
    assert (answer.status, answer.err.count("failed")) == (0, 0), answer.err
    assert "CREATE SERVICE IF NOT EXISTS D.S.NEWCOMER IN COMPUTE POOL P" in answer.out
    assert world.lab.service("NEWCOMER").status == "RUNNING"

    change(project, "INFO", "$$ or not $$")
    answer = await run("update", *of(project), "--dry-run")
    assert "~ main: variable LEVEL: 'INFO' -> '$$ or not $$'" in answer.out
    assert '           LEVEL: "$\\u0024 or not $\\u0024"\n' in answer.out
    answer = await run("update", *of(project), "--yes", "--why", "dollars")
    assert answer.status == 0, answer.err
    container = world.lab.service("NEWCOMER").spec["spec"]["containers"][0]
    assert container["env"] == {"LEVEL": "$$ or not $$"}

    answer = await run("update", *of(project), "--yes")
    assert (answer.status, "Nothing differs" in answer.out) == (0, True)

    answer = await run("rollback", "NEWCOMER")
    assert "- dollars" in answer.out
    assert "~ main: variable LEVEL: '$$ or not $$' -> 'INFO'" in answer.out
    answer = await run("rollback", "NEWCOMER", "--to", "previous", "--yes")
    assert answer.status == 0, answer.err
    container = world.lab.service("NEWCOMER").spec["spec"]["containers"][0]
    assert container["env"] == {"LEVEL": "INFO"}


async def test_what_somebody_else_altered_since_is_said(world: Any, project: Path) -> None:
    async def sync() -> tuple[str, str]:
        answer = await world.program.run("--check", "--json", "--service", "NEWCOMER")
        (service,) = json.loads(answer.out)["services"]
        return service["sync"], service["sync_detail"]

    answer = await world.program.run("update", *of(project), "--yes")
    assert answer.status == 0, answer.err
    ours = await sync()
    assert "elsewhere" not in " ".join(ours)
    altered = SPEC.replace("name: main\n", "name: main\n    env: {LEVEL: DEBUG}\n")
    await world.lab.sql(f"ALTER SERVICE NEWCOMER FROM SPECIFICATION $${altered}$$")
    await world.reaches("NEWCOMER", "RUNNING")
    word, detail = await sync()
    assert (word, "altered since, from elsewhere" in detail) == ("changed elsewhere", True)
    answer = await world.program.run("update", *of(project), "--yes")
    assert answer.status == 0, answer.err
    assert await sync() == ours


async def test_an_update_that_fails_goes_back_by_itself(world: Any) -> None:
    await world.create("W")
    answer = await world.program.run(
        *("update", "W", "--image", "/d/s/repo/crash:1.0", "--yes", "--rollback-on-failure")
    )
    assert answer.status == 2, answer.err
    assert "its last words: RuntimeError: boom" in answer.err
    assert "going back to what was deployed before" in answer.err
    image = world.lab.service("W").spec["spec"]["containers"][0]["image"]
    assert image.endswith("/d/s/repo/plain:1.0")
    assert world.lab.service("W").status == "RUNNING"


async def test_a_read_only_environment_is_only_looked_at(world: Any, project: Path) -> None:
    answer = await world.program.run("update", *of(project, "look"), "--yes")
    assert (answer.status, "is read-only in" in answer.complaint) == (3, True)
    answer = await world.program.run("update", *of(project, "look"), "--dry-run")
    assert answer.status == 0, answer.err
    answer = await world.program.run("rollback", *of(project, "look"), "--to", "1", "--yes")
    assert (answer.status, "is read-only in" in answer.complaint) == (3, True)
    answer = await world.program.run("rollback", *of(project, "look"))
    assert "there is no service D.S.NEWCOMER" in answer.complaint
    assert "NEWCOMER" not in {key[2] for key in world.lab.account.services}


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("spcs-worker.toml", "tag =", "tga =", "line 8: unknown key 'tga'; did you mean 'tag'?"),
        ("spcs-service-spec.yaml", "image:", "imag:", "line 4: unknown field 'imag' of spec.cont"),
        ("spcs-service-spec.yaml", "spec:", "spec: [", "not valid YAML"),
    ],
)
async def test_mistakes_in_files_are_said_with_their_line(
    program: Program, project: Path, file: str, before: str, after: str, said: str
) -> None:
    change(project.parent / file, before, after)
    answer = await program.run("project", "show", "--project", str(project))
    assert answer.status == 64
    assert said in answer.err
    assert "Traceback" not in answer.err


async def test_without_a_project_it_is_said_how_to_go_on(program: Program) -> None:
    answer = await program.run("update", "--project", "nowhere.toml")
    assert answer.status == 64
    assert "nowhere.toml cannot be read: No such file or directory" in answer.complaint
    answer = await program.run("update", "X", "--env", "dev")
    assert (answer.status, "do not go together" in answer.complaint) == (64, True)


async def test_what_the_settings_come_to_is_shown(program: Program, project: Path) -> None:
    answer = await program.run("project", "show", "--project", str(project), "--env", "dev")
    assert answer.status == 0, answer.err
    assert "/d/s/repo/plain:1.0" in answer.out
    assert "LEVEL                        INFO" in answer.out
    answer = await program.run("project", "keys")
    assert "external_access_integrations" in answer.out
    answer = await program.run("project", "schema")
    assert answer.out.startswith("{")
