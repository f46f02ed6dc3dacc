from __future__ import annotations

import contextlib

import pytest

from spcs_worker_tui.adapters.snowflake.spec import deployed_spec
from spcs_worker_tui.domain.errors import SnowflakeError

SPEC = """---
spec:
  containers:
  - name: "worker"
    image: "acme.registry.snowflakecomputing.com/db/sch/repo/worker:1.4"
    sha256: "@sha256:9f2c"
    command:
    - "python"
    args: ["-m", worker, 1]
    env:
      PREFECT_API_URL: "https://example.com/api"
      UNQUOTED: yes
      NUMBER: 010
      EMPTY:
    secrets:
    - snowflakeSecret:
        objectName: "db.sch.key"
      secretKeyRef: "secret_string"
      envVarName: "PREFECT_API_KEY"
    - snowflakeSecret: other
      directoryPath: "/secrets"
    resources:
      limits:
        memory: "6Gi"
  - name: sidecar
    image: /db/sch/repo/sidecar:latest
"""


def test_what_watching_needs() -> None:
    spec = deployed_spec(SPEC, "d1")
    assert (spec.text, spec.digest) == (SPEC, "d1")
    worker, sidecar = spec.containers
    assert worker.image_digest == "sha256:9f2c"
    assert worker.command == ("python",)
    assert worker.args == ("-m", "worker", "1")
    assert worker.env == {
        "PREFECT_API_URL": "https://example.com/api",
        "UNQUOTED": "yes",
        "NUMBER": "010",
        "EMPTY": "",
    }
    assert worker.secret_env == ("PREFECT_API_KEY",)
    assert (sidecar.name, sidecar.image_digest, sidecar.env) == ("sidecar", "", {})


def test_json_is_yaml() -> None:
    spec = deployed_spec('{"spec": {"containers": [{"name": "w", "env": {"A": "1"}}]}}', "d")
    assert spec.containers[0].env == {"A": "1"}


@pytest.mark.parametrize(
    "text", ["", "- a", "spec:", "spec: [1]", "spec: {containers: 3}", "spec: {containers: [3]}"]
)
def test_other_shapes_hold_no_worker(text: str) -> None:
    assert all(not container.env for container in deployed_spec(text, "d").containers)


@pytest.mark.parametrize("text", ["{", "a: b: c", "\t- x", "a: *unknown"])
def test_what_is_no_yaml_is_said_so(text: str) -> None:
    with pytest.raises(SnowflakeError, match="not valid YAML"):
        deployed_spec(text, "d")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("times", [90, 900, 100_000])
def test_what_is_nested_without_end_is_refused(opening: str, times: int) -> None:
    with contextlib.suppress(SnowflakeError):
        assert deployed_spec(opening * times, "d").containers == ()


def test_text_that_cannot_be_encoded_is_refused() -> None:
    with pytest.raises(SnowflakeError, match="not valid YAML"):
        deployed_spec("a: \ud800", "d")


def test_a_long_specification_is_read_all_the_same() -> None:
    more = "".join(f'      X{n}: "[{n}]"\n' for n in range(2000))
    (worker, *_) = deployed_spec(SPEC.replace("      EMPTY:\n", more), "d").containers
    assert worker.env["X1999"] == "[1999]"


def test_tags_make_no_objects() -> None:
    spec = deployed_spec("spec: !!python/object/apply:os.system ['true']", "d")
    assert spec.containers == ()


def test_control_sequences_do_not_get_through() -> None:
    spec = deployed_spec('spec: {containers: [{name: "w\\e[31m", env: {A: "1\\a2"}}]}', "d")
    assert spec.containers[0].name == "w"
    assert spec.containers[0].env == {"A": "12"}
