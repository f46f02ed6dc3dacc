"""The plan from nothing to a flow that ran: applied, interrupted anywhere, and made again."""

from __future__ import annotations

import tomllib
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.domain.setup import ImageChoice
from spcs_worker_tui.operations.setup.plans import PlannedSetup
from spcs_worker_tui.sandbox.catalogue.model import Service
from support.saved_connections import until
from support.setting_up import SettingUp, applied
from support.updating import ends

VALUE = "pnu_distinctive-which-nobody-may-see"
KEY = Secret(VALUE)
STEPS = [
    *("role", "database", "repository", "pool", "rule", "integration"),
    *("secret", "work-pool", "files", "build", "push", "create", "rollout", "heartbeats"),
    *("smoke-run", "smoke-follow"),
]


async def plan(bench: SettingUp, **changes: object) -> PlannedSetup:
    return await bench.setup.plan(replace(bench.answers, **changes), KEY)


async def test_the_plan_says_what_is_made_and_what_stays(bench: SettingUp) -> None:
    await bench.admin(["CREATE DATABASE PREFECT", "CREATE SCHEMA PREFECT.WORKERS"])
    bench.writer.created.append(bench.answers.pool_key)
    planned = await plan(bench)
    assert "Role PREFECT_OPERATOR: it is made" in planned.plan.differences
    assert planned.plan.differences[-1] == "There already: Work pool spcs"
    again = "\n".join(step.statement for step in planned.plan.steps)
    assert "CREATE DATABASE" not in again
    assert "CREATE SCHEMA" not in again
    assert "credits an hour" in planned.plan.warnings[0]


async def test_everything_in_one_plan_and_nothing_before_it(bench: SettingUp) -> None:
    planned = await plan(bench)
    assert [step.id for step in planned.plan.steps] == STEPS
    assert not bench.folder.exists()
    texts = {text.split()[0] for text in bench.bench.sandbox.statements}
    assert texts <= {"SHOW", "DESCRIBE"}

    events = await applied(planned)
    assert ends(events) == [f"{step} done" for step in STEPS]
    service = bench.lab.account.services["PREFECT", "WORKERS", "WORKER"]
    assert service.grants.owner == "PREFECT_OPERATOR"
    assert service.external_access_integrations == ["PREFECT_ACCESS"]
    secret = bench.lab.account.secrets["PREFECT", "WORKERS", "PREFECT_API_KEY"]
    assert secret.values["secret_string"] == VALUE
    assert secret.grants.owner == "PREFECT_OPERATOR"
    assert bench.engine.pushed == [f"{registry(bench)}/prefect/workers/images/spcs-worker:latest"]
    assert bench.writer.created == [bench.answers.pool_key]


def registry(bench: SettingUp) -> str:
    return bench.lab.account.registry_host


async def test_the_key_is_in_nothing_but_the_account(bench: SettingUp) -> None:
    planned = await plan(bench)
    events = await applied(planned)
    shown = repr((planned.plan, planned.survey, events, bench.bench.audit.entries()))
    assert VALUE not in shown
    assert "SECRET_STRING = '***'" in shown
    files = [path for path in bench.bench.home.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if VALUE.encode() in path.read_bytes()] == []


async def test_the_project_is_laid_out_and_complete(bench: SettingUp) -> None:
    await applied(await plan(bench))
    settings = tomllib.loads((bench.folder / "spcs-worker.toml").read_text())
    assert settings["default_environment"] == "dev"
    dev = settings["environments"]["dev"]
    assert (dev["connection"], dev["work_pool"], dev["tag"]) == ("dev", "spcs", "latest")
    assert dev["secrets"] == {"PREFECT_API_KEY": "PREFECT.WORKERS.PREFECT_API_KEY"}
    assert dev["setup"]["role"] == "PREFECT_OPERATOR"
    for name in ("Dockerfile", ".dockerignore", "worker/requirements.txt"):
        assert (bench.folder / name).is_file()
    assert (bench.folder / "worker" / "spcs_worker" / "__main__.py").is_file()
    assert not list(bench.folder.rglob("__pycache__"))


async def test_made_again_it_finds_everything_done(bench: SettingUp) -> None:
    await applied(await plan(bench))
    before = len(bench.bench.sandbox.statements)
    again = await plan(bench)
    assert [step.id for step in again.plan.steps] == [
        *("files", "build", "push", "specification", "rollout", "heartbeats"),
        *("smoke-run", "smoke-follow"),
    ]
    events = await applied(again)
    assert ends(events) == [
        *("files done", "build done", "push skipped"),
        *("specification skipped", "rollout skipped", "heartbeats skipped"),
        *("smoke-run done", "smoke-follow done"),
    ]
    words = {text.split()[0] for text in bench.bench.sandbox.statements[before:]}
    assert words <= {"SHOW", "DESCRIBE", "USE", "CALL"}


@pytest.mark.parametrize("last", STEPS[:-1])
async def test_interrupted_after_any_step_it_is_finished_by_the_same_again(
    bench: SettingUp, last: str
) -> None:
    planned = await plan(bench)
    async with aclosing(planned.apply()) as events:
        async for event in events:
            if event.step.id == last and event.state is StepState.DONE:
                break
    again = await plan(bench)
    left = {step.id for step in again.plan.steps}
    # Whether there is anything left of these is seen when they are reached.
    again_and_again = {"files", "build", "push", "rollout", "heartbeats", "smoke-run"}
    made = set(STEPS[: STEPS.index(last) + 1]) - again_and_again
    assert not left & made, left & made
    events = await applied(again)
    assert {event.state for event in events} <= {
        *(StepState.DONE, StepState.SKIPPED, StepState.RUNNING),
    }
    assert events[-1].step.id == "smoke-follow"
    assert bench.lab.account.services["PREFECT", "WORKERS", "WORKER"].status == "RUNNING"


async def test_without_a_key_nothing_is_planned_but_where_none_is_needed(bench: SettingUp) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await bench.setup.plan(bench.answers)
    assert "PREFECT_API_KEY" in str(refused.value)
    answers = replace(bench.answers, secret="")
    planned = await bench.setup.plan(answers)
    assert "secret" not in [step.id for step in planned.plan.steps]
    await applied(planned)
    spec = bench.lab.account.services["PREFECT", "WORKERS", "WORKER"].spec
    assert "secrets" not in spec["spec"]["containers"][0]
    assert bench.lab.account.services["PREFECT", "WORKERS", "WORKER"].status == "RUNNING"


async def test_user_and_password_of_a_server_are_a_secret_of_their_own(bench: SettingUp) -> None:
    variable = "PREFECT_API_AUTH_STRING"
    await applied(await plan(bench, secret=variable, secret_variable=variable))
    spec = bench.lab.account.services["PREFECT", "WORKERS", "WORKER"].spec
    (entry,) = spec["spec"]["containers"][0]["secrets"]
    assert entry["envVarName"] == variable
    assert entry["snowflakeSecret"]["objectName"] == f"PREFECT.WORKERS.{variable}"


async def test_a_secret_is_renewed_when_that_is_asked_for(bench: SettingUp) -> None:
    await applied(await plan(bench))
    other = "pnu_another-one-which-nobody-may-see"
    answers = replace(bench.answers, renew_secret=True)
    planned = await bench.setup.plan(answers, Secret(other))
    assert "secret" in [step.id for step in planned.plan.steps]
    await applied(planned)
    secret = bench.lab.account.secrets["PREFECT", "WORKERS", "PREFECT_API_KEY"]
    assert secret.values["secret_string"] == other


async def test_what_is_lacking_is_said_with_what_an_administrator_runs(plain: SettingUp) -> None:
    with pytest.raises(PlanRefusedError) as refused:
        await plan(plain)
    assert "cannot be done as role OUTSIDER" in str(refused.value)
    assert "GRANT CREATE DATABASE ON ACCOUNT TO ROLE OUTSIDER" in refused.value.next_step


async def test_who_is_no_administrator_sets_up_once_the_grants_are_there(plain: SettingUp) -> None:
    plain.answers = replace(plain.answers, role="OUTSIDER")
    await plain.admin((await plain.survey()).asks)
    events = await applied(await plan(plain))
    assert events[-1].state is StepState.DONE, events[-1]
    service = plain.lab.account.services["PREFECT", "WORKERS", "WORKER"]
    assert service.grants.owner == "OUTSIDER"


async def test_an_account_that_changed_meanwhile_is_planned_again(bench: SettingUp) -> None:
    planned = await plan(bench)
    await bench.admin(["CREATE DATABASE PREFECT"])
    with pytest.raises(PlanRefusedError, match="not any more as the plan saw it"):
        await applied(planned)


async def test_an_image_that_is_there_is_taken(bench: SettingUp) -> None:
    there = {"database": "D", "schema": "S", "repository": "REPO", "compute_pool": "P"}
    planned = await plan(bench, **there, image="worker", tag="1.0", image_choice=ImageChoice.THERE)
    ids = [step.id for step in planned.plan.steps]
    assert "build" not in ids
    assert "push" not in ids
    await applied(planned)
    assert bench.lab.account.services["D", "S", "WORKER"].status == "RUNNING"
    assert bench.engine.requests == []
    # What nothing is built from is not put there either.
    assert sorted(path.name for path in bench.folder.iterdir()) == [
        "spcs-service-spec.yaml",
        "spcs-worker.toml",
    ]


async def test_a_service_of_another_project_is_left_alone(bench: SettingUp) -> None:
    await applied(await plan(bench))
    with pytest.raises(PlanRefusedError, match="not the project that it comes from"):
        await plan(bench, folder=bench.folder.parent / "elsewhere")


async def test_settings_of_other_environments_and_comments_stay(bench: SettingUp) -> None:
    bench.folder.mkdir()
    file = bench.folder / "spcs-worker.toml"
    text = """\
# Ours.
default_environment = "prod"

[defaults]
database = "prefect"   # shared
schema = "WORKERS"

[environments.prod]
connection = "prod"
service = "A"
compute_pool = "B"
image_repository = "C"
"""
    file.write_text(text)
    await applied(await plan(bench))
    after = file.read_text()
    assert after.startswith(text)
    dev = tomllib.loads(after)["environments"]["dev"]
    assert "database" not in dev
    assert dev["service"] == "WORKER"


async def test_a_file_that_is_there_is_not_written_over(bench: SettingUp) -> None:
    bench.folder.mkdir()
    (bench.folder / "Dockerfile").write_text("FROM mine\n")
    await applied(await plan(bench))
    assert (bench.folder / "Dockerfile").read_text() == "FROM mine\n"


async def test_a_folder_that_cannot_be_written_is_one_sentence(
    bench: SettingUp, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    events = await applied(await plan(bench, folder=tmp_path / "file" / "below"))
    (failed,) = [event for event in events if event.state is StepState.FAILED]
    assert failed.step.id == "files"
    assert "cannot be written" in failed.detail


async def test_a_suspended_service_is_resumed_once_it_is_up_to_date(bench: SettingUp) -> None:
    await applied(await plan(bench))
    await bench.admin(["ALTER SERVICE PREFECT.WORKERS.WORKER SUSPEND"])
    await until(lambda: service(bench).status == "SUSPENDED")
    planned = await plan(bench)
    ids = [step.id for step in planned.plan.steps]
    assert ids[ids.index("resume") :] == ["resume", "smoke-run", "smoke-follow"]
    events = await applied(planned)
    assert events[-1].state is StepState.DONE, events[-1]
    assert service(bench).status == "RUNNING"


def service(bench: SettingUp) -> Service:
    return bench.lab.account.services["PREFECT", "WORKERS", "WORKER"]
