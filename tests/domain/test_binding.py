from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.fleet import ContainerSpec, DeployedSpec
from spcs_worker_tui.domain.prefect import WorkPoolKey

URL = "http://prefect:4200/api"


def spec(*containers: ContainerSpec) -> DeployedSpec:
    return DeployedSpec(text="", digest="d", containers=containers)


def container(**fields: Any) -> ContainerSpec:
    values: dict[str, Any] = {"name": "main", "image": "/db/s/repo/thing:1"} | fields
    return ContainerSpec(**values)


def test_everything_from_the_environment() -> None:
    env = {
        "PREFECT_API_URL": f" {URL}/ ",
        "PREFECT_WORK_POOL": "spcs",
        "PREFECT_WORKER_POOL_NAME": "older",
        "PREFECT_WORKER_NAME": "w1",
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "15.7",
        "PREFECT_WORK_QUEUES": "fast, slow ,",
    }
    found = bind(spec(container(env=env)))
    assert found is not None
    assert found.pool == WorkPoolKey(URL, "spcs")
    assert found.container == "main"
    assert found.worker_name == "w1"
    assert found.heartbeat_interval_seconds == 15
    assert found.work_queues == ("fast", "slow")
    assert found.is_complete


def test_the_older_name_of_the_work_pool() -> None:
    found = bind(spec(container(env={"PREFECT_WORKER_POOL_NAME": "older"})))
    assert found is not None
    assert found.pool.name == "older"


@pytest.mark.parametrize("interval", ["", "0", "-1", "often", "inf", "nan", "1e999"])
def test_a_heartbeat_interval_that_is_none(interval: str) -> None:
    env = {"PREFECT_WORK_POOL": "p", "PREFECT_WORKER_HEARTBEAT_SECONDS": interval}
    found = bind(spec(container(env=env)))
    assert found is not None
    assert found.heartbeat_interval_seconds is None


START = ["prefect", "worker", "start"]


@pytest.mark.parametrize(
    ("command", "args", "pool", "name", "queues"),
    [
        ([*START, "--pool", "p", "--name", "n"], [], "p", "n", ()),
        (["prefect"], ["worker", "start", "-p", "p", "-n", "n"], "p", "n", ()),
        (
            [*START, "--pool=p", "--name=n", "-q", "a", "--work-queue", "b"],
            [],
            "p",
            "n",
            ("a", "b"),
        ),
        ([*START, "-pp", "-nn", "-qa"], [], "p", "n", ("a",)),
        (["/usr/local/bin/prefect", "worker", "start", "-p", "p"], [], "p", None, ()),
        (["python", "-m", "prefect", "worker", "start", "-p", "p"], [], "p", None, ()),
        (["prefect", "--profile", "x", "worker", "start", "-p", "p"], [], "p", None, ()),
        (["sh", "-c", 'exec prefect worker start -p "my pool" -n n'], [], "my pool", "n", ()),
        (["/bin/bash", "-lc"], ["pip install x && prefect worker start -p p"], "p", None, ()),
        (["bash", "-c", "a; prefect worker start -p p; echo -n x"], [], "p", None, ()),
        (["bash", "-c", "prefect worker start -p p&& echo -p q"], [], "p", None, ()),
        (["sh", "-c", "prefect worker start \\\n  --pool p \\\n  --name n\n"], [], "p", "n", ()),
        (["sh", "-c", "set -e\nprefect worker start -p p\necho -p other"], [], "p", None, ()),
        (["sh", "-c", "prefect worker start -p p -n 'it is"], [], "p", "'it", ()),
        (["sh", "-c", "prefect worker start -p $POOL -n ${NAME}"], [], "from-env", "", ()),
        (["sh", "-c", "prefect worker start -p ${NONE:-default}"], [], "default", None, ()),
        ([*START, "-p", "p", "--pool"], [], "", None, ()),
    ],
)
def test_the_command_line(
    command: list[str], args: list[str], pool: str, name: str | None, queues: tuple[str, ...]
) -> None:
    env = {"PREFECT_API_URL": URL, "POOL": "from-env"}
    found = bind(spec(container(env=env, command=tuple(command), args=tuple(args))))
    assert found is not None
    assert found.pool == WorkPoolKey(URL, pool)
    assert found.worker_name == (name or None)
    assert found.work_queues == queues


def test_the_environment_comes_first() -> None:
    env = {"PREFECT_API_URL": URL, "PREFECT_WORK_POOL": "env"}
    found = bind(spec(container(env=env, command=(*START, "--pool", "command"))))
    assert found is not None
    assert found.pool.name == "env"


def test_assignments_on_the_command_line() -> None:
    script = f"PREFECT_API_URL={URL}/ exec prefect worker start -p p"
    found = bind(spec(container(command=("sh", "-c", script))))
    assert found is not None
    assert found.pool == WorkPoolKey(URL, "p")


def test_a_worker_without_an_api_url_is_a_worker() -> None:
    found = bind(spec(container(env={"PREFECT_WORK_POOL": "spcs"})))
    assert found is not None
    assert found.pool == WorkPoolKey("", "spcs")
    assert not found.is_complete


def test_an_image_that_is_called_a_worker() -> None:
    for image in ("/db/s/repo/prefect-worker:1", "/db/s/repo/spcs_worker@sha256:ab"):
        found = bind(spec(container(image=image)))
        assert found is not None
        assert found.pool == WorkPoolKey("", "")
    # The repository's name says nothing of the image.
    assert bind(spec(container(image="/db/s/prefect-worker/api:1"))) is None


def test_what_a_secret_delivers_is_known_to_be_there() -> None:
    env = {"PREFECT_WORK_POOL": "spcs"}
    secrets = ("PREFECT_API_URL", "PREFECT_API_KEY")
    found = bind(spec(container(env=env, secret_env=secrets)))
    assert found is not None
    assert found.secret_env == ("PREFECT_API_URL",)


@pytest.mark.parametrize(
    "other",
    [
        container(),
        container(env={"PREFECT_API_URL": URL}),
        container(env={"PREFECT_API_URL": URL}, command=("prefect", "server", "start")),
        container(command=("sh", "-c", "echo prefect; worker start -p p")),
        container(command=("celery", "worker", "start")),
        container(image="/db/s/repo/worker:1"),
    ],
)
def test_what_is_no_worker(other: ContainerSpec) -> None:
    assert bind(spec(other)) is None


def test_the_first_complete_worker_of_several_containers() -> None:
    lacking = container(name="lacking", env={"PREFECT_WORK_POOL": "x"})
    complete = container(name="complete", env={"PREFECT_API_URL": URL, "PREFECT_WORK_POOL": "spcs"})
    found = bind(spec(container(name="sidecar"), lacking, complete))
    assert found is not None
    assert found.container == "complete"
    assert bind(spec(container(name="sidecar"), lacking)) == bind(spec(lacking))


def test_a_spec_without_containers() -> None:
    assert bind(spec()) is None


words = st.sampled_from(
    ["sh", "-c", "prefect", "worker", "start", "-p", "--pool", "=", "'", '"', "\\", "$X", ";", "&&"]
) | st.text(max_size=8)


@given(st.lists(words, max_size=8), st.lists(st.lists(words, max_size=6).map(" ".join), max_size=2))
def test_no_command_line_is_too_odd(command: list[str], args: list[str]) -> None:
    bind(spec(container(command=tuple(command), args=tuple(args))))
