"""Deployments as a person makes them: the program, a real Docker engine, and the sandbox."""

from __future__ import annotations

import hashlib
import io
import json
import signal
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engine import DockerEngine
from support.program import ended, line_with
from support.relay import relayed_socket
from support.saved_connections import save
from support.site import PLACE, POOL, Site, eventually, running_site
from support.small_project import SERVICE, SmallProject

pytestmark = pytest.mark.timeout(300)

STEPS = ("Build ", "Push ", "Give ", "Wait until every instance", "Wait until every worker")
SLOW = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN sleep 300
"""


@pytest.fixture(scope="module")
def site(docker_engine: DockerEngine) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_engine.host)
        with running_site(prefect=False) as running:
            yield running


@pytest.fixture
def project(docker_engine: DockerEngine, site: Site, tmp_path: Path) -> Iterator[SmallProject]:
    """A project that nothing is deployed of."""
    yield SmallProject.make(tmp_path / "project", docker_engine, site, instances=2)
    site.rows(f"DROP SERVICE IF EXISTS {PLACE}.{SERVICE}")
    eventually(lambda: not docker_engine.containers(), "end of the containers", 60)


def with_one_instance(project: SmallProject) -> None:
    """Where two would only take longer."""
    settings = project.folder / "spcs-worker.toml"
    settings.write_text(settings.read_text().replace("min_instances = 2", "min_instances = 1"))


def running(site: Site) -> dict[str, str]:
    """Instance to the digest that it runs, of those that are READY."""
    return {
        row["instance_id"]: row["image_digest"]
        for row in site.containers(SERVICE)
        if row["status"] == "READY"
    }


def tagged(site: Site) -> str:
    """The digest that the tag means now."""
    rows = site.rows(f"SHOW IMAGES IN IMAGE REPOSITORY {PLACE}.IMAGES")
    return str(next(row["digest"] for row in rows if row["tags"] == "1"))


async def test_twice_under_the_same_tag_and_back(project: SmallProject, site: Site):
    first = await project.run("deploy", "--yes")
    assert first.status == 0, first.err
    assert f"Create {PLACE}.{SERVICE}" in first.out
    assert "Step 5/6: RUN echo" in first.err
    assert "[2/5] done in" in first.err
    old = tagged(site)
    assert running(site) == {"0": old, "1": old}

    (project.folder / "main.py").write_text((project.folder / "main.py").read_text() + "# new\n")
    shown = await project.run("deploy", "--dry-run")
    assert f"small:1 ({old[7:19]}) -> small:1 (to be pushed)" in shown.out
    second = await project.run("deploy", "--yes", "--why", "a fix")
    assert second.status == 0, second.err
    assert "Layer already exists" in second.err
    new = tagged(site)
    assert new != old
    assert running(site) == {"0": new, "1": new}

    again = await project.run("deploy", "--yes")
    assert again.status == 0, again.err
    assert "[2/5] skipped in 0 s: it is there already" in again.err
    assert "[3/5] skipped in 0 s: nothing differs from what is deployed" in again.err

    name = f"{PLACE}.{SERVICE}"
    back = await project.program.run(
        "rollback", name, "--to", "previous", "--yes", **project.variables
    )
    assert back.status == 0, back.err
    assert running(site) == {"0": old, "1": old}
    # What `docker login` would have left, or a log that says too much.
    assert not list(project.program.home.glob("**/.docker*"))
    for path in project.folder.rglob("*"):
        assert path.is_dir() or b"sessiontoken" not in path.read_bytes(), path


async def test_what_does_not_come_up_is_taken_back(project: SmallProject, site: Site):
    with_one_instance(project)
    first = await project.run("deploy", "--yes")
    assert first.status == 0, first.err
    old = tagged(site)
    (project.folder / "main.py").write_text("raise SystemExit('nothing to work with')\n")
    broken = await project.run("deploy", "--yes", "--rollback-on-failure")
    assert broken.status == 2, broken.err
    assert "its last words: nothing to work with" in broken.err
    assert "It did not come up: going back to what was deployed before." in broken.err
    assert tagged(site) != old
    assert running(site) == {"0": old}


async def test_interrupted_and_killed_at_every_step_it_is_finished_by_the_next_run(
    project: SmallProject, site: Site
):
    with_one_instance(project)
    first = await project.run("deploy", "--yes")
    assert first.status == 0, first.err
    for number, step in enumerate(STEPS, 1):
        before = tagged(site)
        words = ("--build-arg", f"WORDS=after {step}")
        # The second run begins with what the first one left.
        for line, end, status in (
            (f"[{number}/5] {step}", signal.SIGINT, 130),
            (f"[{number}/5] ", signal.SIGKILL, -signal.SIGKILL),
        ):
            process = await project.program.start(
                *project.command("deploy", "--yes", *words), **project.variables
            )
            async with ended(process):
                await line_with(process.stderr, [line])
                process.send_signal(end)
                assert await process.wait() == status, step
            row = site.until_ready(SERVICE)
            assert row["image_digest"] in {before, tagged(site)}, step
        again = await project.run("deploy", "--yes", *words)
        assert again.status == 0, again.err
        assert running(site) == {"0": tagged(site)}, step
        assert tagged(site) != before, step
        assert f"this is after {step}" in site.logs(SERVICE), step


async def test_ctrl_c_ends_the_build_in_the_engine(project: SmallProject):
    (project.folder / "Dockerfile").write_text(SLOW)
    client = project.engine.client.api
    process = await project.program.start(*project.command("build", "--yes"), **project.variables)
    async with ended(process):
        await line_with(process.stderr, ["Step 3/3: RUN sleep 300"])
        eventually(client.containers, "container of the build", 30)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
        assert process.stderr is not None
        rest = (await process.stderr.read()).decode()
    assert "interrupted: Build small:1 not done" in rest
    eventually(lambda: not client.containers(), "end of the build", 30)


async def test_the_engine_goes_away_in_mid_build(project: SmallProject, tmp_path: Path):
    (project.folder / "Dockerfile").write_text(SLOW)
    async with relayed_socket(project.engine.socket, tmp_path / "relay") as relay:
        variables = project.variables | {"DOCKER_HOST": f"unix://{tmp_path}/relay"}
        process = await project.program.start(*project.command("deploy", "--yes"), **variables)
        async with ended(process):
            await line_with(process.stderr, ["Step 3/3: RUN sleep 300"])
            relay.cut()
            assert await process.wait() == 2
            assert process.stderr is not None
            rest = (await process.stderr.read()).decode()
    assert "the Docker engine went away while it was building, at step 3 of 3" in rest
    assert "run the same command" in rest
    assert "Traceback" not in rest
    client = project.engine.client.api
    eventually(lambda: not client.containers(), "end of the build", 30)


async def test_a_registry_that_refuses(project: SmallProject, site: Site, tmp_path: Path):
    for statement in (
        "CREATE ROLE READER",
        f"GRANT ROLE READER TO USER {site.value('SELECT CURRENT_USER()')}",
        f"GRANT USAGE ON DATABASE {PLACE.partition('.')[0]} TO ROLE READER",
        f"GRANT USAGE ON SCHEMA {PLACE} TO ROLE READER",
        f"GRANT USAGE ON COMPUTE POOL {POOL} TO ROLE READER",
        f"GRANT READ ON IMAGE REPOSITORY {PLACE}.IMAGES TO ROLE READER",
    ):
        site.rows(statement)
    saved = tomllib.loads((project.program.home / "connections.toml").read_text())
    save(tmp_path, {name: table | {"role": "READER"} for name, table in saved.items()})
    answer = await project.run("deploy", "--yes", SNOWFLAKE_HOME=str(tmp_path))
    assert answer.status == 2, answer.err
    assert "does not let this role push" in answer.err
    assert f"GRANT READ, WRITE ON IMAGE REPOSITORY {PLACE}.IMAGES TO ROLE …" in answer.err
    assert "Traceback" not in answer.err
    assert site.rows("SHOW SERVICES IN ACCOUNT") == []


async def test_a_line_of_the_dockerfile_that_fails(project: SmallProject):
    with (project.folder / "Dockerfile").open("a") as file:
        file.write("RUN echo no such package >&2 && exit 7\n")
    answer = await project.run("deploy", "--yes")
    assert answer.status == 2
    assert "[1/5] failed in" in answer.err
    assert (
        "step 7 of 7, RUN echo no such package >&2 && exit 7, failed: it ended with exit code 7; "
        "its last words: no such package." in answer.err
    )
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("change", "status", "said", "step"),
    [
        ("FROM nobody.invalid/x:1\n", 2, "FROM nobody.invalid/x:1, failed", "BASE_IMAGE"),
        ("FROM scratch\nCOPY nothing /\n", 2, "COPY failed", "Put the file there"),
        ("RUNN x\n", 2, "unknown instruction: RUNN", "Correct that line"),
        (None, 64, "Dockerfile cannot be read: No such file", "Correct dockerfile"),
    ],
)
async def test_a_dockerfile_that_is_no_good(
    project: SmallProject, change: str | None, status: int, said: str, step: str
):
    dockerfile = project.folder / "Dockerfile"
    dockerfile.unlink()
    if change is not None:
        dockerfile.write_text(change)
    answer = await project.run("build", "--yes")
    assert answer.status == status, answer.err
    assert said in answer.err
    assert step in answer.err
    assert "Traceback" not in answer.err


async def test_an_image_for_another_machine(project: SmallProject):
    archive = armed_archive(project.folder)
    loaded = project.engine.command("load", "--input", str(archive))
    assert loaded.returncode == 0, loaded.stderr
    (project.folder / "Dockerfile").write_text("FROM armed:1\n")
    try:
        pushed = await project.run("push", "--yes", "--image", "armed:1")
        built = await project.run("deploy", "--yes")
    finally:
        project.engine.client.api.remove_image("armed:1", force=True)
    assert pushed.status == 3
    assert "image armed:1 is for linux/arm64, and Snowpark Container Services" in pushed.complaint
    assert built.status == 2
    assert "linux/arm64" in built.err
    assert "linux/amd64" in built.err
    assert "[2/5]" not in built.err


async def test_no_engine_at_all(project: SmallProject):
    for verb in ("build", "push", "deploy"):
        host = f"unix://{project.folder}/none.sock"
        answer = await project.program.run(
            *project.command(verb, "--yes"), **project.variables | {"DOCKER_HOST": host}
        )
        assert answer.status == 3, answer.err
        assert answer.complaint == f"spcs-worker-tui: there is no Docker engine at {host}."
        assert "DOCKER_HOST" in answer.err


def armed_archive(folder: Path) -> Path:
    """An image for linux/arm64 with nothing in it, as `docker save` would have written it."""
    layer = io.BytesIO()
    tarfile.open(fileobj=layer, mode="w").close()
    content = layer.getvalue()
    layers = {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(content).hexdigest()}"]}
    config = {"os": "linux", "architecture": "arm64", "config": {}, "rootfs": layers}
    manifest = [{"Config": "c.json", "RepoTags": ["armed:1"], "Layers": ["l.tar"]}]
    path = folder / "armed.tar"
    with tarfile.open(path, "w") as archive:
        for name, data in (
            ("l.tar", content),
            ("c.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path
