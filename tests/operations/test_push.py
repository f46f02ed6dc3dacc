"""Pushes: where to, with which password, and how it is seen that the image is there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.domain.building import ImageRepository, LocalImage, Progress
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    FleetError,
    RegistryError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.plan import StepProgress
from spcs_worker_tui.domain.wishes import Push
from spcs_worker_tui.operations.push_meter import ALL_LAYERS, PushMeter
from support.deploying import DeployBench, PretendEngine, digest
from support.updating import ends, said, update_bench

HOST = "acme-eu1.registry.snowflakecomputing.com"


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DeployBench]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    async with update_bench(tmp_path) as made:
        engine = PretendEngine(made.lab)
        engine.images["worker:1.0"] = LocalImage(digest("image first"), "linux", "amd64")
        yield DeployBench(made, engine)


async def pushed(bench: DeployBench, **wish: Any) -> list[StepProgress]:
    change = await bench.changes.push(Push(**wish))
    return [progress async for progress in change.apply()]


async def refused(bench: DeployBench, **wish: Any) -> FleetError:
    with pytest.raises(FleetError) as caught:
        await bench.changes.push(Push(**wish))
    assert caught.value.next_step
    assert bench.engine.pushed == []
    return caught.value


def place(bench: DeployBench) -> str:
    return bench.update.lab.account.registry_host


async def test_it_is_pushed_and_seen_in_the_repository(bench: DeployBench):
    events = await pushed(bench)
    assert ends(events) == ["push done"]
    assert bench.engine.pushed == [f"{place(bench)}/d/s/repo/worker:1.0"]
    listed = await bench.update.session.show_images("d/s/repo")
    (image,) = [one for one in listed if "1.0" in one.tags]
    assert image.digest == bench.engine.digest
    assert "SHOW IMAGES IN IMAGE REPOSITORY D.S.REPO" in bench.update.sandbox.statements
    (entry,) = bench.update.audit.entries()
    assert entry.statement == f"docker push {place(bench)}/d/s/repo/worker:1.0"
    assert entry.connection == "dev"


async def test_the_password_is_a_token_that_the_account_issued(bench: DeployBench):
    await pushed(bench)
    (secret,) = bench.engine.passwords
    password = json.loads(secret.reveal())
    assert password["expires_in"] == 3600
    assert bench.update.sandbox.server.wire.sessions.by_token(password["token"])
    everything = f"{bench.update.audit.entries()}{bench.update.sandbox.statements}"
    assert password["token"] not in everything


async def test_what_is_there_is_not_pushed_again(bench: DeployBench):
    await pushed(bench)
    events = await pushed(bench)
    assert ends(events) == ["push skipped"]
    assert "it is there already" in said(events)
    assert len(bench.engine.pushed) == 1
    bench.engine.images["worker:1.0"] = LocalImage(digest("image second"), "linux", "amd64")
    assert ends(await pushed(bench)) == ["push done"]


async def test_a_tag_that_somebody_else_moved_is_pushed_again(bench: DeployBench):
    await pushed(bench)
    images = bench.update.lab.account.image_repositories["D", "S", "REPO"].images
    images[-1].tags.discard("1.0")
    images[0].tags.add("1.0")
    assert ends(await pushed(bench)) == ["push done"]


async def test_somebody_else_pushes_the_same_tag_at_the_same_time(bench: DeployBench):
    images = bench.update.lab.account.image_repositories["D", "S", "REPO"].images
    push = bench.engine.push

    async def faster(*arguments: Any) -> str:
        answer = await push(*arguments)
        images[-1].tags.discard("1.0")
        images[0].tags.add("1.0")
        return answer

    bench.engine.push = faster  # type: ignore[method-assign]
    events = await pushed(bench)
    assert ends(events) == ["push failed"]
    assert "somebody else pushed at the same time" in str(events[-1].error)


async def test_another_image_to_another_place(bench: DeployBench):
    bench.engine.images["other:2"] = LocalImage(digest("image other"), "linux", "amd64")
    events = await pushed(bench, image="other:2", to=f"{place(bench)}/d/s/repo/other:two")
    assert ends(events) == ["push done"]
    assert bench.engine.pushed == [f"{place(bench)}/d/s/repo/other:two"]


@pytest.mark.parametrize("host", [HOST, "registry.example.com:5000", "127.0.0.1:1"])
async def test_another_registry_gets_nothing(bench: DeployBench, host: str):
    error = await refused(bench, to=f"{host}/d/s/repo/worker:1.0")
    assert isinstance(error, RegistryError)
    assert str(error) == f"{host} is not the registry of this account, which is {place(bench)}"


@pytest.mark.parametrize("url", ["evil.example.com/x/y/z", "https://a.b/d/s/repo", "a b/d/s/repo"])
async def test_an_account_that_names_a_strange_registry(
    bench: DeployBench, url: str, monkeypatch: pytest.MonkeyPatch
):
    async def strange() -> Sequence[ImageRepository]:
        return (ImageRepository("d/s/repo", url),)

    monkeypatch.setattr(bench.update.session, "show_image_repositories", strange)
    error = await refused(bench)
    assert "which is no address of d/s/repo" in str(error)


@pytest.mark.parametrize("to", ["repo/worker:1", "d/s/repo/:1", "d//repo/worker:1", "d/s/r/w@sha"])
async def test_a_place_that_is_none(bench: DeployBench, to: str):
    assert "is no place for an image" in str(await refused(bench, to=to))


async def test_a_repository_that_is_not_there(bench: DeployBench):
    bench.environment = replace(bench.environment, image_repository="d/s/rep")
    error = await refused(bench)
    assert isinstance(error, ConfigurationError)
    assert "there is no image repository D.S.REP that role" in str(error)
    assert "did you mean 'd/s/repo'?" in str(error)
    assert "GRANT READ, WRITE ON IMAGE REPOSITORY D.S.REP" in error.next_step


async def test_nothing_was_built(bench: DeployBench):
    error = await refused(bench, tag="9.9")
    assert str(error) == "the Docker engine has no image worker:9.9"
    assert "spcs-worker-tui build" in error.next_step


async def test_an_image_for_another_platform(bench: DeployBench):
    bench.engine.images["worker:1.0"] = LocalImage(digest("x"), "linux", "arm64")
    assert "is for linux/arm64" in str(await refused(bench))


async def test_what_a_registry_repeats_is_not_repeated(bench: DeployBench):
    async def leaky(_image: str, _to: str, password: Any, _report: Any) -> str:
        raise RegistryError(f"denied: {password.reveal()}", next_step=f"use {password.reveal()}")

    bench.engine.push = leaky  # type: ignore[method-assign]
    events = await pushed(bench)
    assert ends(events) == ["push failed"]
    assert str(events[-1].error) == "denied: ***"
    assert events[-1].error is not None
    assert events[-1].error.next_step == "use ***"


async def test_a_read_only_environment_is_only_looked_at(bench: DeployBench):
    bench.environment = replace(bench.environment, read_only=True)
    with pytest.raises(FleetError, match="environment dev is read-only"):
        await pushed(bench)
    assert bench.engine.pushed == []


async def test_a_connection_that_is_not_open(bench: DeployBench):
    bench.environment = replace(bench.environment, connection="prod")
    assert "uses connection prod, which is not open here" in str(await refused(bench))


async def test_the_account_does_not_answer(bench: DeployBench, monkeypatch: pytest.MonkeyPatch):
    async def silent() -> None:
        raise SnowflakeUnreachableError("no answer", next_step="Check the network.")

    monkeypatch.setattr(bench.update.session, "show_image_repositories", silent)
    assert str(await refused(bench)) == "no answer"


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


async def test_bytes_and_rate_are_told_not_too_often():
    clock, told = Hand(), []

    def tell(text: str, *, part: str = "", done: int | None = None, total: int | None = None):
        told.append((part, text, done, total))

    meter = PushMeter(tell, clock)
    meter.report(Progress("Layer already exists", "old"))
    meter.report(Progress("Pushing", "new", 0, 10_000_000))
    for done in range(1, 11):
        await clock.sleep(0.1)
        meter.report(Progress("Pushing", "new", done * 1_000_000, 10_000_000))
    meter.report(Progress("Pushed", "new"))
    layers = [entry for entry in told if entry[0] != ALL_LAYERS]
    assert layers == [
        ("old", "Layer already exists", None, None),
        ("new", "Pushing 0 B of 10.0 MB", 0, 10_000_000),
        ("new", "Pushing 5.0 MB of 10.0 MB, 10.0 MB/s", 5_000_000, 10_000_000),
        ("new", "Pushing 10.0 MB of 10.0 MB, 10.0 MB/s", 10_000_000, 10_000_000),
        ("new", "Pushed 10.0 MB of 10.0 MB, 10.0 MB/s", 10_000_000, 10_000_000),
    ]
    assert [entry[2:] for entry in told if entry[0] == ALL_LAYERS] == [
        (5_000_000, 10_000_000),
        (10_000_000, 10_000_000),
    ]
    assert meter.summary == ("2 of 2 layers are there, 1 were before, 10.0 MB sent, 10.0 MB/s")
