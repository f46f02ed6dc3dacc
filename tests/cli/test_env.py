"""`env` as a process: shown, set, imported, compared; keys never where anybody reads them."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.project_file import PLACES, PLAIN, lay_out
from support.terminal import Terminal

KEY = "pnu_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xR"
SECONDS = 60
SETTINGS = f"""\
[defaults]
{PLACES}{PLAIN}
[defaults.variables]
LEVEL = "INFO"
REGION = "eu"

[defaults.secrets]
API_KEY = "THEIRS"

[environments.dev]
connection = "dev"

[environments.look]
connection = "dev"
read_only = true
"""

BAD: list[tuple[tuple[str, ...], str | bytes | None, int, str]] = [
    (("set", "1A=x"), None, 64, "'1A' is no name of an environment variable"),
    (("set", "A B=x"), None, 64, "'A B' is no name of an environment variable"),
    (("set", "LEVEL"), None, 64, "LEVEL has no value"),
    (("set", "SNOWFLAKE_HOST=x"), None, 64, "SNOWFLAKE_HOST is set by Snowflake"),
    (("set", f"X={KEY}"), None, 64, "looks like a key, which is never an argument"),
    (("set", "X=y", "--secret"), None, 64, "the value of X is never an argument"),
    (("set", "X", "--secret"), "", 64, "nothing was given as the value of X"),
    (("set", "X", "--secret"), b"\xff", 64, "the value of X is not UTF-8 text"),
    (("set", "X", "Y", "--secret"), "", 64, "one variable is set from a secret at a time"),
    (("set",), "", 64, "standard input holds no variable"),
    (("set",), f"A=1\n{KEY}\n", 64, "standard input, line 2: this is not NAME=VALUE"),
    (("set",), "A=1\nB=2\nA=3\n", 64, "standard input, lines 1, 3: A is there 2 times"),
    (("set", "A=1", "--container", "x"), None, 64, "has no container 'x'"),
    (("set", "A=1", "A=2"), None, 64, "A is given twice"),
    (("rename", "LEVLE", "A"), None, 64, "no variable LEVLE in container main; did you mean"),
    (("import", "/no/such"), None, 64, "/no/such cannot be read: No such file or directory"),
    (("set", "A=1", "--from-secret", "B"), None, 64, "is never an argument"),
    (("set", "A", "--from-secret", "nope"), None, 2, "Secret 'D.S.NOPE' does not exist"),
]


@pytest.fixture
async def worker(world: Any) -> AsyncIterator[Any]:
    """A service WORKER with a literal."""
    await world.create("WORKER", env="LEVEL: INFO, OLD_TOKEN: swordfish9")
    return world


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "project", SETTINGS)


def env_of(world: Any) -> dict[str, str]:
    container = world.lab.service("WORKER").spec["spec"]["containers"][0]
    return dict(container.get("env") or {})


def secret_of(world: Any, variable: str) -> str:
    return str(world.lab.account.secrets["D", "S", f"WORKER_{variable}"].values["secret_string"])


async def test_listed_masked_revealed_and_as_json(worker: Any) -> None:
    run = worker.program.run
    answer = await run("env", "list", "WORKER")
    assert answer.status == 0, answer.err
    assert [line.split() for line in answer.out.splitlines()] == [
        ["CONTAINER", "VARIABLE", "FROM", "VALUE"],
        ["main", "LEVEL", "literal", "INFO"],
        ["main", "OLD_TOKEN", "literal", "(hidden)"],
    ]
    assert "--reveal shows it" in answer.err

    answer = await run("env", "list", "WORKER", "--reveal")
    assert "swordfish9" in answer.out

    rows = json.loads((await run("env", "list", "WORKER", "--json")).out)["variables"]
    assert rows[1] == {
        "container": "main",
        "name": "OLD_TOKEN",
        "from": "literal",
        "secret": None,
        "value": None,
        "masked": True,
    }


async def test_set_unset_and_rename(worker: Any) -> None:
    run = worker.program.run
    on = ("--service", "WORKER", "--yes")
    answer = await run("env", "set", "LEVEL=a=b $$ yes", "EMPTY=", *on)
    assert answer.status == 0, answer.err
    assert "~ main: variable LEVEL: 'INFO' -> 'a=b $$ yes'" in answer.out
    assert env_of(worker) | {"OLD_TOKEN": ""} == {
        "LEVEL": "a=b $$ yes",
        "EMPTY": "",
        "OLD_TOKEN": "",
    }

    answer = await run("env", "rename", "LEVEL", "GRADE", *on)
    assert (answer.status, env_of(worker)["GRADE"]) == (0, "a=b $$ yes")

    answer = await run("env", "unset", "GRADE", "EMPTY", *on)
    assert (answer.status, sorted(env_of(worker))) == (0, ["OLD_TOKEN"])

    answer = await run("env", "unset", "GRADE", *on)
    assert (answer.status, "There is no variable GRADE" in answer.out) == (0, True)


async def test_a_secret_from_standard_input_shows_nowhere(worker: Any) -> None:
    run = worker.program.run
    answer = await run(
        "env", "set", "API_KEY", "--secret", "--service", "WORKER", "--yes", given=KEY + "\n"
    )
    assert answer.status == 0, answer.err
    assert secret_of(worker, "API_KEY") == KEY
    assert "SECRET_STRING = '***'" in answer.out
    listed = await run("env", "list", "WORKER", "--reveal")
    assert re.search(r"API_KEY +secret D\.S\.WORKER_API_KEY", listed.out)
    assert "cannot be read back" in listed.err

    changed = await run(
        "env", "set", "API_KEY", "--secret", "--service", "WORKER", "--yes", given=KEY[::-1]
    )
    assert (changed.status, secret_of(worker, "API_KEY")) == (0, KEY[::-1])
    assert "add --restart" in changed.out
    again = await run(
        *("env", "set", "API_KEY", "--secret", "--service", "WORKER", "--yes", "--restart"),
        given=KEY,
    )
    assert again.status == 0, again.err
    assert "done: Resume D.S.WORKER" in again.err

    audit = await run("audit", "--json")
    assert "CREATE SECRET" in audit.out
    everything = "".join(
        answer.out + answer.err for answer in (answer, listed, changed, again, audit)
    )
    files = [path for path in worker.program.home.rglob("*") if path.is_file()]
    everything += "".join(path.read_text("utf-8", "replace") for path in files)
    assert any(path.name == "audit.jsonl" for path in files)
    assert KEY not in everything
    assert KEY[::-1] not in everything


async def test_lines_from_standard_input_and_from_a_file(worker: Any, tmp_path: Path) -> None:
    run = worker.program.run
    lines = f"# a comment\nexport LEVEL='DEBUG'\n\nTEXT=\"two\\nlines\"\nAPI_KEY={KEY}\n"
    answer = await run("env", "set", "--service", "WORKER", "--yes", given=lines)
    assert answer.status == 0, answer.err
    assert (env_of(worker)["LEVEL"], env_of(worker)["TEXT"]) == ("DEBUG", "two\nlines")
    assert secret_of(worker, "API_KEY") == KEY
    assert KEY not in answer.out + answer.err

    file = tmp_path / ".env"
    file.write_text("LEVEL=ERROR\r\nMORE=${LEVEL} #not\r\n")
    answer = await run("env", "diff", "WORKER", "--file", str(file))
    assert answer.status == 1
    assert answer.out.splitlines() == [
        "~ main: variable LEVEL: 'DEBUG' -> 'ERROR'",
        "~ main: variable MORE added: '${LEVEL}'",
        "  main.OLD_TOKEN is only deployed",
        "  main.TEXT is only deployed",
        "  main.API_KEY is only deployed",
    ]
    answer = await run("env", "import", str(file), "--service", "WORKER", "--yes")
    assert (answer.status, env_of(worker)["MORE"]) == (0, "${LEVEL}")
    file.write_text(f"LEVEL=ERROR\nAPI_KEY={KEY}\n")
    answer = await run("env", "diff", "WORKER", "--file", str(file))
    assert answer.status == 0
    assert "main.API_KEY comes from a secret, whose value cannot be compared" in answer.out
    assert KEY not in answer.out + answer.err


async def test_against_the_project(worker: Any, project: Path) -> None:
    run = worker.program.run
    of = ("--project", str(project), "--env", "dev")
    answer = await run("env", "diff", *of)
    assert answer.status == 1
    assert answer.out.splitlines() == [
        "~ main: variable REGION added: 'eu'",
        "~ main: variable API_KEY added: secret D.S.THEIRS",
        "~ main: variable OLD_TOKEN removed (was (hidden))",
    ]
    answer = await run("env", "set", "LEVEL=DEBUG", "REGION=eu", *of, "--yes")
    assert answer.status == 0, answer.err
    assert "The project says otherwise of LEVEL: the next `update --env dev`" in answer.err
    await worker.lab.sql("CREATE SECRET THEIRS TYPE = GENERIC_STRING SECRET_STRING = 'x'")
    answer = await run("env", "set", "API_KEY", "--from-secret", "theirs", *of, "--yes")
    assert answer.status == 0, answer.err
    await run("env", "set", "LEVEL=INFO", *of, "--yes")
    await run("env", "unset", "OLD_TOKEN", *of, "--yes")
    assert (await run("env", "diff", *of)).status == 0

    answer = await run(
        "env", "set", "LEVEL=DEBUG", "--project", str(project), "--env", "look", "--yes"
    )
    assert (answer.status, env_of(worker)["LEVEL"]) == (3, "INFO")


async def test_bad_input_is_one_sentence_and_a_next_step(worker: Any) -> None:
    before = worker.lab.service("WORKER").spec_digest
    for arguments, given, status, said in BAD:
        answer = await worker.program.run(
            "env", *arguments, "--service", "WORKER", "--yes", given=given
        )

        assert (answer.status, said in answer.err) == (status, True), (arguments, answer.err)
        assert "Traceback" not in answer.err
        assert answer.err.rstrip().splitlines()[-1].startswith("  "), answer.err
        assert KEY not in answer.out + answer.err
    assert worker.lab.service("WORKER").spec_digest == before
    assert [name for *_, name in worker.lab.account.secrets if name.startswith("WORKER_")] == []


async def test_at_a_terminal_a_value_is_asked_for_without_echo(worker: Any) -> None:
    words = ("env", "set", "API_KEY", "--secret", "--service", "WORKER")
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main", *words]

    def typed() -> str:
        with Terminal(argv, worker.program.environment(TERM="xterm")) as screen:
            screen.wait_for("Value of API_KEY:", SECONDS)
            screen.send(f"{KEY}\n")
            screen.wait_for(r"\[y/N\]", SECONDS)
            screen.send("y\n")
            assert screen.wait_exit(SECONDS) == 0
            return screen.raw.decode()

    assert KEY not in await asyncio.to_thread(typed)
    assert secret_of(worker, "API_KEY") == KEY
