"""`build`, `push` and `deploy` as processes: what is wrong is said before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.program import Answer, Program
from support.project_file import DEV

SETTINGS = f"""\
{DEV}service = "WORKER"
tag = "{{git}}"
"""
SECRET = "pnu_0123456789abcdef0123456789abcdef0123"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project that is in no checkout."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "spcs-worker.toml").write_text(SETTINGS)
    (folder / "key").write_text(SECRET)
    return folder


async def run(folder: Path, *arguments: str) -> Answer:
    program = Program(folder.parent)
    project = ("--project", str(folder / "spcs-worker.toml"))
    return await program.run(
        arguments[0],
        *project,
        *arguments[1:],
        DOCKER_HOST=f"unix://{folder}/none.sock",
        GIT_CEILING_DIRECTORIES=str(folder.parent),
        WORKER_TOKEN=SECRET,
    )


@pytest.mark.parametrize(
    ("arguments", "said", "step"),
    [
        (("build",), "{git}, which is not known here (not a git repository", "--tag"),
        (("build", "--tag", "a b"), "'a b' is no image tag", "letters, digits"),
        (("build", "--env", "de"), "no environment 'de'", "Use one of these: dev"),
        (
            ("build", "--tag", "1", "--build-arg", "NO_SUCH_VARIABLE"),
            "--build-arg NO_SUCH_VARIABLE has no value",
            "NAME=VALUE",
        ),
        (
            ("build", "--tag", "1", "--build-arg", "WORKER_TOKEN"),
            "build argument WORKER_TOKEN looks like a key or a password",
            "Snowflake secret",
        ),
        (
            ("deploy", "--tag", "1", "--build-arg", "WORDS=@{folder}/key"),
            "spcs-service-spec.yaml cannot be read",
            "Name it with --spec",
        ),
        (
            ("build", "--tag", "1", "--build-arg", "WORDS=@{folder}/key"),
            "build argument WORDS looks like a key",
            "Snowflake secret",
        ),
        (
            ("build", "--tag", "1", "--build-arg", "WORDS=@{folder}/none"),
            "none cannot be read: No such file or directory",
            "NAME=@FILE",
        ),
    ],
)
async def test_wrong_settings_and_options(
    folder: Path, arguments: tuple[str, ...], said: str, step: str
):
    given = [argument.replace("{folder}", str(folder)) for argument in arguments]
    (folder.parent / "connections.toml").write_text('[dev]\naccount = "a"\nuser = "u"\n')
    (folder.parent / "connections.toml").chmod(0o600)
    answer = await run(folder, *given, "--yes")
    assert answer.status == 64, answer.err
    assert said in answer.complaint
    assert step in answer.err
    assert SECRET not in answer.err + answer.out
    assert "Traceback" not in answer.err


async def test_what_is_not_clean_is_not_built_when_it_has_to_be(folder: Path):
    answer = await run(folder, "build", "--tag", "1", "--require-clean", "--yes")
    assert answer.status == 3
    assert "is clean cannot be seen: not a git repository" in answer.complaint


async def test_no_engine_is_said_before_anybody_is_asked(folder: Path):
    answer = await run(folder, "build", "--tag", "1")
    assert answer.status == 3
    assert f"there is no Docker engine at unix://{folder}/none.sock" in answer.complaint
