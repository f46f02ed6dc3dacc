"""What the wizard's desk does, on a real sandbox: nothing before the plan, all of it with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.wizard_draft import DraftFile
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    KeyMissingError,
    PlanRefusedError,
    PrefectUnauthorizedError,
    SignInRefusedError,
)
from spcs_worker_tui.domain.keys import KeyKind, Secret
from spcs_worker_tui.domain.new_connection import NewConnection, checked_connection
from spcs_worker_tui.domain.plan import Plan
from spcs_worker_tui.domain.prefect_places import PrefectAccess
from spcs_worker_tui.domain.setup import PieceState
from spcs_worker_tui.operations.wizard.desk import WizardDesk
from spcs_worker_tui.operations.wizard.draft import NO_KEY, Draft
from spcs_worker_tui.wiring.wizard import open_wizard
from support.catalogue import new_lab
from support.prefect_stub import Reply, Request, prefect_stub
from support.project_file import DEV, PLAIN
from support.sandbox import RunningSandbox, running_sandbox

KEY = "ops:wonder land"


def prefect(request: Request) -> Reply:
    """A server that asks for user and password, and has no pool yet."""
    if "authorization" not in request.headers:
        return Reply(401, {"exception_message": "Unauthorized"})
    if request.path == "/work_pools/filter":
        return Reply(content=[])
    return Reply(404, {"detail": 'Work pool "spcs" not found.'})


@pytest.fixture
async def account() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox(new_lab()) as sandbox:
        yield sandbox


@pytest.fixture
async def api_url() -> AsyncIterator[str]:
    async with prefect_stub(prefect) as stub:
        yield stub.api_url


@pytest.fixture
async def desk(
    account: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WizardDesk]:
    """On an empty home without a keyring; closed before the account goes."""
    for name in (
        "SNOWFLAKE_HOME",
        "PREFECT_API_URL",
        "PREFECT_API_KEY",
        "DBUS_SESSION_BUS_ADDRESS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / ".local"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("SPCS_WORKER_TUI_STATE_DIR", str(tmp_path / "state"))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    opened = open_wizard()
    yield opened
    await opened.close()


def new(account: RunningSandbox, **typed: str) -> tuple[NewConnection, Secret]:
    table: dict[str, Any] = account.connection()
    host = f"http://{table['host']}:{table['port']}"
    values = {"name": "new", "account": table["account"], "user": table["user"], "host": host}
    return checked_connection({**values, **typed}), Secret(table["password"])


def draft(api_url: str) -> Draft:
    return Draft(
        {
            "connection": "new",
            "prefect_api_url": api_url,
            "prefect_key": KeyKind.AUTH_STRING,
            "image_choice": "there",
        }
    )


async def planned(desk: WizardDesk, api_url: str) -> Plan:
    return await desk.plan(draft(api_url).answers(desk.folder))


async def test_a_new_connection_signs_in_and_leaves_nothing_behind(
    desk: WizardDesk, account: RunningSandbox, tmp_path: Path
) -> None:
    assert await desk.connections() == ()
    connection, secret = new(account, role="DEPLOYER")
    standing = await desk.sign_in(connection, secret)
    assert (standing.user, standing.role) == ("OPERATOR", "DEPLOYER")
    assert not (tmp_path / "home").exists()


async def test_a_refused_password_is_not_used_again(
    desk: WizardDesk, account: RunningSandbox
) -> None:
    connection, _ = new(account)
    with pytest.raises(SignInRefusedError):
        await desk.sign_in(connection, Secret("wrong"))
    with pytest.raises(KeyMissingError):
        await desk.sign_in(connection, None)


async def test_what_a_role_may_do_is_seen_before_prefect_is_asked(
    desk: WizardDesk, account: RunningSandbox
) -> None:
    await desk.sign_in(*new(account, role="DEPLOYER"))
    answers = draft("https://prefect.example.com/api").answers(desk.folder)
    survey = await desk.survey(answers)
    assert survey.standing.role == "DEPLOYER"
    assert survey.piece("work-pool").state is PieceState.MADE


async def test_nothing_can_be_asked_before_somebody_signed_in(desk: WizardDesk) -> None:
    with pytest.raises(PlanRefusedError, match="nobody is signed in"):
        await desk.families()
    with pytest.raises(PlanRefusedError, match="no Prefect API"):
        await desk.work_pools()


async def test_a_wrong_key_of_prefect_is_refused_and_the_right_one_used(
    desk: WizardDesk, api_url: str
) -> None:
    with pytest.raises(PrefectUnauthorizedError):
        await desk.use_prefect(PrefectAccess(api_url))
    proof = await desk.use_prefect(PrefectAccess(api_url, KeyKind.AUTH_STRING, Secret(KEY)))
    assert proof.kind is KeyKind.AUTH_STRING
    assert await desk.work_pools() == ()


async def test_another_plan_than_the_last_one_is_not_applied(desk: WizardDesk) -> None:
    from support.setup_desk import NOW

    with pytest.raises(PlanRefusedError, match="out of date"):
        async for _ in desk.apply(Plan("x", None, (), NOW)):
            pass


async def test_answers_are_kept_for_their_owner_alone(desk: WizardDesk, tmp_path: Path) -> None:
    assert desk.remembered() == {}
    desk.remember({"role": "X"})
    path = tmp_path / "state" / "setup.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert desk.remembered() == {"role": "X"}
    desk.remember({})
    assert desk.remembered() == {}


async def test_answers_that_were_given_in_another_folder_are_about_something_else(
    desk: WizardDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.remember({"role": "X"})
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert open_wizard().remembered() == {}
    monkeypatch.chdir(tmp_path / "project")
    assert open_wizard().remembered() == {"role": "X"}


async def test_the_settings_of_the_project(desk: WizardDesk, tmp_path: Path) -> None:
    assert await desk.project() is None
    (tmp_path / "project" / "spcs-worker.toml").write_text(DEV + PLAIN)
    found = await open_wizard().project()
    assert found is not None
    assert [*found.environments] == ["dev"]
    (tmp_path / "project" / "spcs-worker.toml").write_text("[")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        await open_wizard().project()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', "\xff"])
def test_a_draft_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "setup.json"
    path.write_text(text, "latin-1")
    assert DraftFile(path).load() == {}


def test_a_draft_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    DraftFile(tmp_path / "file" / "setup.json").save({"a": "b"})


@pytest.mark.parametrize(
    ("connection", "environment"), [("dev", "dev"), ("my dev", "default"), ("", "default")]
)
def test_the_environment_is_called_like_the_connection(connection: str, environment: str) -> None:
    assert Draft({"connection": connection}).shown("environment") == environment


def test_where_no_key_is_asked_for_there_is_no_secret() -> None:
    assert Draft({"prefect_key": NO_KEY, "secret": "X"}).shown("secret") == ""
    assert Draft({"prefect_key": KeyKind.AUTH_STRING}).shown("secret") == "PREFECT_API_AUTH_STRING"
    assert Draft({}).shown("secret") == "PREFECT_API_KEY"


async def test_the_plan_says_what_is_saved_here_and_that_there_is_no_keyring(
    desk: WizardDesk, account: RunningSandbox, api_url: str, tmp_path: Path
) -> None:
    connection, secret = new(account, role="ACCOUNTADMIN")
    await desk.sign_in(connection, secret)
    await desk.use_prefect(PrefectAccess(api_url, KeyKind.AUTH_STRING, Secret(KEY)))
    answers = draft(api_url).answers(desk.folder)
    survey = await desk.survey(answers)
    assert survey.piece("image").state is PieceState.LACKING  # there is no repository yet
    with pytest.raises(PlanRefusedError, match="Image spcs-worker:latest"):
        await planned(desk, api_url)
    saving = await desk._saving()
    assert [a.step.title for a in saving] == [
        f"Save connection new in {tmp_path}/home/.config/snowflake/connections.toml"
    ]
    keep, (warning,) = await desk._keeping()
    assert not keep
    assert "There is no keyring to keep the password of connection new" in warning
    assert "SNOWFLAKE_CONNECTIONS_NEW_PASSWORD" in warning
    assert KEY not in warning
    await saving[0].do(lambda *_args, **_named: None)
    (saved,) = read_connections().connections
    assert saved.name == "new"
    assert not saved.secrets
    assert await desk._saving() == []
