"""What a trial is made of: the settings, the specification, and a name of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spcs_worker_tui.adapters.spec_yaml import read_spec
from spcs_worker_tui.domain.local import HttpProbe
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.settings import ResourceAmounts
from spcs_worker_tui.domain.spec_document import SpecDocument, written_document
from spcs_worker_tui.operations.local_trial import docker_command, trial_of
from support.project_file import environment

ENVIRONMENT = environment(
    name="Dev Two",
    work_pool="spcs",
    prefect_api_url="https://prefect.example.com/api/",
    secrets={"PREFECT_API_KEY": "D.S.KEY"},
)
SPEC = """
spec:
  containers:
  - name: worker
    image: /d/s/repo/worker:1
    command: [python]
    args: ["-m", "spcs_worker"]
    env: {LEVEL: INFO, PREFECT_API_KEY: left-over-which-is-replaced}
    readinessProbe: {port: 9090, path: /ready}
    resources:
      requests: {cpu: "0.5", memory: 512Mi}
      limits: {cpu: 1500m, memory: 2Gi}
"""


def document(text: str = SPEC) -> SpecDocument:
    return written_document(read_spec(text), "spec")


def test_as_the_service_would_be() -> None:
    trial = trial_of(ENVIRONMENT, document(), "worker:1", "My Laptop.local")
    container = trial.container
    assert container.variables == {
        "SNOWFLAKE_DATABASE": "D",
        "SNOWFLAKE_SCHEMA": "S",
        "LEVEL": "INFO",
        "PREFECT_API_URL": "https://prefect.example.com/api/",
        "PREFECT_WORK_POOL": "spcs",
    }
    assert trial.secrets == ("PREFECT_API_KEY",)
    assert (container.memory_bytes, container.cpus) == (2 * 2**30, 1.5)
    assert (container.command, container.arguments) == (("python",), ("-m", "spcs_worker"))
    assert trial.probe == HttpProbe(9090, "/ready")
    assert trial.pool == WorkPoolKey("https://prefect.example.com/api", "spcs")
    assert container.name == "spcs-worker-tui-dev-two"
    assert container.network == ""
    assert trial.notes == ()


def test_its_worker_cannot_be_taken_for_the_services() -> None:
    """Without SNOWFLAKE_SERVICE_NAME the worker is called as its host is."""
    container = trial_of(ENVIRONMENT, document(), "worker:1", "My Laptop.local").container
    assert "SNOWFLAKE_SERVICE_NAME" not in container.variables
    assert container.hostname == "local-dev-two-my-laptop-local"
    long = trial_of(ENVIRONMENT, document(), "worker:1", "x" * 100).container
    assert len(long.hostname) == 63


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_api_on_this_machine_is_reached_over_its_network(host: str) -> None:
    here = replace(ENVIRONMENT, prefect_api_url=f"http://{host}:4200/api")
    trial = trial_of(here, document(), "worker:1", "laptop")
    assert trial.container.network == "host"
    assert trial.container.variables["PREFECT_WORKER_WEBSERVER_HOST"] == "127.0.0.1"
    assert any("has to be free" in note for note in trial.notes)
    other = trial_of(here, document(), "worker:1", "laptop", network="mine").container
    assert other.network == "mine"
    assert "PREFECT_WORKER_WEBSERVER_HOST" not in other.variables


def test_limits_of_the_settings_win_and_what_is_not_there_is_said() -> None:
    limited = replace(ENVIRONMENT, resources=ResourceAmounts(limits={"memory": "1Gi"}))
    mount = "    volumeMounts: [{name: data, mountPath: /data}]\n"
    text = f"{SPEC}{mount}  volumes: [{{name: data, source: local}}]\n"
    trial = trial_of(limited, document(text), "worker:1", "laptop")
    assert trial.container.memory_bytes == 2**30
    assert trial.notes == ("The volumes of the specification are not there.",)


def test_a_specification_that_says_little() -> None:
    bare = "spec: {containers: [{name: w, image: /d/s/r/w:1}]}"
    alone = replace(ENVIRONMENT, prefect_api_url="", work_pool="", secrets={})
    trial = trial_of(alone, document(bare), "w:1", "laptop")
    assert (trial.probe, trial.pool, trial.secrets) == (None, None, ())
    assert (trial.container.memory_bytes, trial.container.cpus) == (None, None)


def test_the_command_shows_no_secret_and_where_they_go() -> None:
    shown = docker_command(trial_of(ENVIRONMENT, document(), "worker:1", "laptop"))
    assert shown.endswith("# on standard input: PREFECT_API_KEY")
    assert "left-over" not in shown
    assert "--memory=2147483648 --cpus=1.5" in shown
