"""Which image is built, how, and what is refused before an engine is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.domain.building import Revision
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    EngineUnreachableError,
    FleetError,
    PlanRefusedError,
)
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.domain.ports import Change
from spcs_worker_tui.domain.wishes import Build
from support.deploying import DeployBench, PretendEngine
from support.updating import ends, update_bench

COMMIT = "0123456789abcdef" * 2
DIRTY = Revision(COMMIT, is_dirty=True, changed=("worker/x.py", "new.py"))


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DeployBench]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    async with update_bench(tmp_path) as made:
        yield DeployBench(made, PretendEngine(made.lab))


async def plan(bench: DeployBench, **wish: Any) -> Change:
    return await bench.changes.change(Build(**wish))


async def refused(bench: DeployBench, **wish: Any) -> FleetError:
    with pytest.raises(FleetError) as caught:
        await plan(bench, **wish)
    assert caught.value.next_step
    return caught.value


def settings(bench: DeployBench, **changes: Any) -> None:
    bench.environment = replace(bench.environment, **changes)


async def built(bench: DeployBench, **wish: Any) -> list[Any]:
    change = await plan(bench, **wish)
    return [progress async for progress in change.apply()]


async def test_the_tag_names_version_and_revision(bench: DeployBench):
    settings(bench, tag="{version}-{git}")
    change = await plan(bench)
    assert change.plan.title == "Build worker:1.4.0-0123456789ab"
    (step,) = change.plan.steps
    assert step.statement == (
        "docker build --platform linux/amd64 --tag worker:1.4.0-0123456789ab "
        "--file /project/Dockerfile "
        f"--label org.opencontainers.image.revision={COMMIT} "
        "--label org.opencontainers.image.version=1.4.0 /project"
    )


async def test_what_is_not_committed_is_marked_and_said(bench: DeployBench):
    settings(bench, tag="{git}", version="2.0")
    bench.source.state = DIRTY
    change = await plan(bench)
    assert change.plan.title == "Build worker:0123456789ab-dirty"
    assert change.plan.warnings == (
        "Built from changes that are not committed: worker/x.py, new.py.",
    )


async def test_a_version_that_no_tag_can_hold(bench: DeployBench):
    settings(bench, tag="{version}")
    bench.source.number = "1.0+local"
    assert (await plan(bench)).plan.title == "Build worker:1.0-local"


async def test_require_clean_refuses_what_is_not_committed(bench: DeployBench):
    bench.source.state = DIRTY
    error = await refused(bench, require_clean=True)
    assert str(error) == "/project has changes that are not committed: worker/x.py, new.py"
    bench.source.state = Revision(problem="not a git repository")
    error = await refused(bench, require_clean=True)
    assert "cannot be seen: not a git repository" in str(error)
    bench.source.state = Revision(COMMIT)
    assert ends(await built(bench, require_clean=True)) == ["build done"]


async def test_a_tag_pattern_that_nothing_is_known_for(bench: DeployBench):
    settings(bench, tag="{git}")
    bench.source.state = Revision(problem="git is not installed")
    error = await refused(bench)
    assert "{git}" in str(error)
    assert "git is not installed" in str(error)
    assert "--tag" in error.next_step


@pytest.mark.parametrize("tag", ["a tag", "-x", "x" * 129, "ä", "a/b", "a:b"])
async def test_a_tag_that_is_none(bench: DeployBench, tag: str):
    error = await refused(bench, tag=tag)
    assert isinstance(error, ConfigurationError)
    assert "is no image tag" in str(error)


async def test_arguments_come_from_the_settings_and_the_wish(bench: DeployBench):
    bench.source.texts["Dockerfile"] = "ARG BASE_IMAGE=x\nARG CA WORDS\nFROM ${BASE_IMAGE}\n"
    bench.source.texts["ca.pem"] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    settings(
        bench,
        build_args={"BASE_IMAGE": "base:1", "CA": "@ca.pem", "HTTPS_PROXY": "http://proxy:3128"},
        build_network="host",
    )
    events = await built(bench, arguments=(("BASE_IMAGE", "base:2"), ("WORDS", "a b")))
    (request,) = bench.engine.requests
    assert request.arguments == {
        "BASE_IMAGE": "base:2",
        "CA": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "HTTPS_PROXY": "http://proxy:3128",
        "WORDS": "a b",
    }
    assert request.network == "host"
    statement = events[0].step.statement
    assert "--build-arg 'WORDS=a b' --label" in statement
    assert "CERTIFICATE-----" not in statement
    assert "--network host" in statement


async def test_an_argument_that_the_dockerfile_does_not_know(bench: DeployBench):
    bench.source.texts["Dockerfile"] = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"
    change = await plan(bench, arguments=(("BASE_IMAG", "x"), ("http_proxy", "http://p:1")))
    assert change.plan.warnings == (
        "The Dockerfile has no ARG BASE_IMAG; did you mean 'BASE_IMAGE'?",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFECT_API_KEY", "whatever"),
        ("ANYTHING", "pnu_0123456789abcdef0123456789abcdef"),
        ("PIP_INDEX_URL", "https://me:hunter2@pypi.example.com/simple"),
        ("CA", "@key.pem"),
    ],
)
async def test_no_secret_goes_into_an_image(bench: DeployBench, name: str, value: str):
    key = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"
    bench.source.texts["key.pem"] = key
    error = await refused(bench, arguments=((name, value),))
    assert f"build argument {name} looks like a key" in str(error)
    assert value not in str(error)
    assert "hunter2" not in f"{error}{error.next_step}"
    assert bench.engine.requests == []


async def test_an_argument_without_a_name(bench: DeployBench):
    error = await refused(bench, arguments=(("a b", "x"),))
    assert "'a b' is no name of a build argument" in str(error)


async def test_there_is_no_dockerfile(bench: DeployBench):
    settings(bench, dockerfile="docker/Dockerfile.worker")
    error = await refused(bench)
    assert "/project/docker/Dockerfile.worker cannot be read: No such file" in str(error)
    assert error.next_step == "Correct dockerfile in the settings."


async def test_there_is_no_engine(bench: DeployBench):
    bench.engine.failure = EngineUnreachableError("there is no Docker engine", next_step="Start it")
    error = await refused(bench)
    assert str(error) == "there is no Docker engine"


async def test_an_image_for_another_platform_is_not_taken(bench: DeployBench):
    bench.engine.platform = "linux/arm64"
    *_, last = await built(bench)
    assert last.state is StepState.FAILED
    assert "image worker:1.0 is for linux/arm64" in str(last.error)
    assert "FROM" in last.error.next_step


async def test_a_plan_is_not_applied_to_another_source(bench: DeployBench):
    settings(bench, tag="{git}")
    change = await plan(bench)
    bench.source.state = Revision("f" * 32)
    with pytest.raises(PlanRefusedError, match="is at ffffffffffff now"):
        _ = [progress async for progress in change.apply()]
    assert bench.engine.requests == []


async def test_progress_counts_steps(bench: DeployBench):
    events = await built(bench)
    said = [(e.detail, e.done, e.total) for e in events if e.total]
    assert said == [("Step 1/1: FROM nothing", 1, 1)]
    assert events[-1].detail.endswith(", 12.3 MB")


async def test_building_has_nothing_to_do_with_an_account(bench: DeployBench):
    before = bench.update.session.statements
    assert ends(await built(bench)) == ["build done"]
    assert bench.update.session.statements == before
    (entry,) = bench.update.audit.entries()
    assert (entry.subject, entry.connection) == ("worker:1.0", "")
