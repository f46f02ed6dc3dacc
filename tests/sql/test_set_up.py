"""The set-up files, run with the real `snow sql -f`, and what they leave."""

from __future__ import annotations

import asyncio
import json
import tomllib

import pytest

from support.program import Program
from support.sql_account import SqlAccount
from support.sql_files import files

# The first of them installs the program.
pytestmark = pytest.mark.timeout(600)

SERVICE = "PREFECT.WORKERS.WORKER"
OPERATOR, MONITOR = "PREFECT_OPERATOR", "PREFECT_MONITOR"


def granted(account: SqlAccount, role: str) -> set[tuple[str, str, str]]:
    rows = account.rows(f"SHOW GRANTS TO ROLE {role}")
    return {(row["privilege"], row["granted_on"], row["name"]) for row in rows}


def test_the_service_is_there_as_specified(account: SqlAccount) -> None:
    (row,) = account.rows("SHOW SERVICES IN ACCOUNT")
    assert (row["name"], row["owner"]) == ("WORKER", OPERATOR)
    assert row["compute_pool"] == "WORKER_POOL"
    assert json.loads(row["external_access_integrations"]) == ["PREFECT_ACCESS"]
    (described,) = account.rows(f"DESCRIBE SERVICE {SERVICE}", OPERATOR)
    # Whole, through snow's templates and the statement that it became.
    assert 'PREFECT_WORKER_DRAIN_SECONDS: "22"' in described["spec"]
    assert "prefect/workers/images/spcs-worker:latest" in described["spec"]


def test_the_operator_has_what_the_contract_lists_and_no_more(account: SqlAccount) -> None:
    """Contract 1.12, the smallest set of grants."""
    assert granted(account, OPERATOR) == {
        ("USAGE", "DATABASE", "PREFECT"),
        ("USAGE", "SCHEMA", "PREFECT.WORKERS"),
        ("CREATE SERVICE", "SCHEMA", "PREFECT.WORKERS"),
        ("CREATE SECRET", "SCHEMA", "PREFECT.WORKERS"),
        ("READ", "IMAGE_REPOSITORY", "PREFECT.WORKERS.IMAGES"),
        ("WRITE", "IMAGE_REPOSITORY", "PREFECT.WORKERS.IMAGES"),
        ("USAGE", "COMPUTE_POOL", "WORKER_POOL"),
        ("MONITOR", "COMPUTE_POOL", "WORKER_POOL"),
        ("OPERATE", "COMPUTE_POOL", "WORKER_POOL"),
        ("USAGE", "INTEGRATION", "PREFECT_ACCESS"),
        ("OWNERSHIP", "SECRET", "PREFECT.WORKERS.PREFECT_API_KEY"),
        ("OWNERSHIP", "SERVICE", SERVICE),
    }


def test_the_monitor_may_look_and_nothing_else(account: SqlAccount) -> None:
    assert granted(account, MONITOR) == {
        ("USAGE", "DATABASE", "PREFECT"),
        ("USAGE", "SCHEMA", "PREFECT.WORKERS"),
        ("READ", "IMAGE_REPOSITORY", "PREFECT.WORKERS.IMAGES"),
        ("MONITOR", "COMPUTE_POOL", "WORKER_POOL"),
        ("MONITOR", "SERVICE", SERVICE),
    }
    (row,) = account.rows("SHOW SERVICES IN ACCOUNT", MONITOR)
    assert row["name"] == "WORKER"
    assert account.rows(f"SHOW SERVICE CONTAINERS IN SERVICE {SERVICE}", MONITOR)
    assert account.rows(f"SHOW SERVICE INSTANCES IN SERVICE {SERVICE}", MONITOR)
    assert account.rows("SHOW IMAGES IN IMAGE REPOSITORY PREFECT.WORKERS.IMAGES", MONITOR)
    pools = account.rows("SHOW COMPUTE POOLS LIKE 'WORKER_POOL'", MONITOR)
    assert [pool["name"] for pool in pools] == ["WORKER_POOL"]
    assert account.rows("SHOW SECRETS IN ACCOUNT", MONITOR) == []


@pytest.mark.parametrize(
    "statement",
    [
        f"ALTER SERVICE {SERVICE} SUSPEND",
        f"ALTER SERVICE {SERVICE} SET MIN_INSTANCES = 1",
        f"DROP SERVICE {SERVICE}",
        "ALTER COMPUTE POOL WORKER_POOL SUSPEND",
        "ALTER COMPUTE POOL WORKER_POOL SET MAX_NODES = 9",
        "DROP IMAGE REPOSITORY PREFECT.WORKERS.IMAGES",
    ],
)
def test_the_monitor_is_refused_what_changes_something(account: SqlAccount, statement: str) -> None:
    assert "003001 (42501)" in account.refusal(statement, MONITOR)


def test_the_monitor_does_not_even_know_of_the_secret(account: SqlAccount) -> None:
    statement = "ALTER SECRET PREFECT.WORKERS.PREFECT_API_KEY SET SECRET_STRING = 'mine'"
    assert "002003 (02000)" in account.refusal(statement, MONITOR)


def test_the_monitor_is_enough_for_check(account: SqlAccount) -> None:
    program = Program(account.program.home / "check")
    program.home.mkdir(mode=0o700)
    (saved,) = tomllib.loads((account.sandbox.home / "connections.toml").read_text()).values()
    lines = [f"{key} = {json.dumps(value)}" for key, value in (saved | {"role": MONITOR}).items()]
    file = program.home / "connections.toml"
    file.touch(0o600)
    file.write_text("[eyes]\n" + "\n".join(lines) + "\n")
    answer = asyncio.run(program.run("--check", "--json"))
    found = json.loads(answer.out)
    assert found["connections"][0]["ok"], found["connections"]
    (service,) = found["services"]
    assert service["service"] == "WORKER"
    assert "privilege" not in answer.out.lower(), answer.out


def test_a_second_run_changes_nothing(new_account: SqlAccount) -> None:
    new_account.set_up(service_last=True)
    # Also what comes after the monitor's role is seen by it.
    assert ("MONITOR", "SERVICE", SERVICE) in granted(new_account, MONITOR)
    before = new_account.contents()
    assert len(before["SERVICES IN ACCOUNT"]) == 1
    answer = new_account.ok(files("0"))
    assert new_account.contents() == before
    assert "PREFECT_API_KEY already exists, statement succeeded." in answer.text
    assert "WORKER already exists, statement succeeded." in answer.text


def test_a_missing_variable_stops_everything_beforehand(account: SqlAccount) -> None:
    before = account.contents()
    first, *_ = files("0")
    words = ("-f", str(first.path), "-D", "role=SOMEBODY_ELSE")
    answer = account.snow(*words)
    assert answer.status == 1
    assert "'user' is undefined" in answer.text
    assert account.contents() == before


def test_the_secret_s_way_in_leaves_no_trace(account: SqlAccount) -> None:
    """As docs/sql.md says it: from standard input, silent, without templates."""
    value = "pnu_<% user %>&more-which-nobody-may-see"
    statement = f"ALTER SECRET PREFECT.WORKERS.PREFECT_API_KEY SET SECRET_STRING = '{value}';"
    words = ("--silent", "--enable-templating", "NONE", "--role", OPERATOR, "--stdin")
    answer = account.snow(*words, alone=True, typed=statement)
    assert answer.status == 0, answer.text
    assert "executed successfully" in answer.text
    assert "nobody-may-see" not in answer.text
    home = account.program.home
    texts = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    assert texts
    assert [file for file, text in texts.items() if b"nobody-may-see" in text] == []
