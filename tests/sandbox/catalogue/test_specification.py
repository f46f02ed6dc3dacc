"""What a specification may say, and how DESCRIBE says it back (contract 1.2, 3)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ruamel.yaml import YAML

from spcs_worker_tui.sandbox.catalogue.spec import (
    complete_resources,
    describe_spec,
    digest_of,
    parse_spec,
    render_template,
)
from spcs_worker_tui.sandbox.families import FAMILIES
from spcs_worker_tui.sandbox.results import SqlError


def with_container(**options: Any) -> str:
    return json.dumps({"spec": {"containers": [{"name": "w", "image": "/d/s/r/i:1", **options}]}})


def with_spec(**options: Any) -> str:
    containers = [{"name": "w", "image": "/d/s/r/i:1"}]
    return json.dumps({"spec": {"containers": containers, **options}})


def refusal(text: str) -> str:
    with pytest.raises(SqlError) as refused:
        parse_spec(text)
    assert (refused.value.code, refused.value.sqlstate) == ("395018", "22023")
    return refused.value.message.removeprefix("Invalid spec: ")


VOLUME = {"name": "v", "source": "local"}
SECRET = {"snowflakeSecret": "k", "secretKeyRef": "secret_string", "envVarName": "KEY"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # The forms that live accounts have been seen to answer.
        (with_spec(serviceRoles=[]), "unknown option 'serviceRoles' for 'spec'."),
        (
            with_spec(endpoints=[{"name": "e", "port": 1, "authenticationPolicy": 1}]),
            "unknown option 'authenticationPolicy' for 'endpoints[0]'.",
        ),
        (with_container(volumeMounts=[]), "invalid 'volumeMounts'. Value is empty"),
        (
            with_spec(networkPolicyConfig={"allowInternetEgress": True}),
            "unknown option 'networkPolicyConfig' for 'spec'.",
        ),
        # The rest follows those forms.
        ("", "it is empty."),
        ("just text", "invalid 'spec'. Value has to be a map"),
        ("- a", "invalid 'spec'. Value has to be a map"),
        ("{}", "missing option 'spec'."),
        ("spec: {}", "missing option 'containers' for 'spec'."),
        ("spec: {containers: []}", "invalid 'containers'. Value is empty"),
        ("spec: {containers: [{name: w}]}", "missing option 'image' for 'containers[0]'."),
        ('{"spec": {}, "spec": {}}', "duplicate option in an object."),
        ("spec: {}\nspec: {}", "duplicate option 'spec'."),
        ("{{ x }}: 1", "an option's name has to be plain text."),
        (with_container(name="W"), None),
        (with_container(name="w" * 64), None),
        (with_container(name="w-"), None),
        (with_container(env={"A": None}), "invalid 'A'. Value is empty"),
        (with_container(env={"A": {"b": 1}}), "invalid 'A'. Value has to be text"),
        (with_container(env={"A B": "1"}), None),
        (with_container(env=[]), "invalid 'env'. Value has to be a map"),
        (with_container(command="sh"), "invalid 'command'. Value has to be a list"),
        (with_container(readinessProbe={"port": 1}), None),
        (with_container(readinessProbe={"port": 0, "path": "/"}), None),
        (with_container(readinessProbe={"port": "80", "path": "/"}), None),
        (with_container(livenessProbe={"path": "/"}), None),
        (with_container(volumeMounts=[{"name": "v", "mountPath": "/v"}]), None),
        (with_container(resources={"limits": {"memory": "1"}}), None),
        (with_container(resources={"limits": {"memory": "1Ti"}}), None),
        (with_container(resources={"limits": {"cpu": "0"}}), None),
        (with_container(resources={"limits": {"cpu": 1}, "requests": {"cpu": 2}}), None),
        (with_container(resources={"limits": {"gpu": 1}}), "unknown option 'gpu' for 'limits'."),
        (with_container(secrets=[{"snowflakeSecret": "k"}]), None),
        (with_container(secrets=[{**SECRET, "directoryPath": "/s"}]), None),
        (with_container(secrets=[{**SECRET, "secretKeyRef": "key"}]), None),
        (with_container(secrets=[{**SECRET, "snowflakeSecret": {}}]), None),
        (with_container(sessionTokenConfig={}), "invalid 'sessionTokenConfig'. Value is empty"),
        (with_container(sessionTokenConfig={"permission": "0600"}), None),
        (with_container(sessionTokenConfig={"path": "/t", "permission": "0777"}), None),
        (with_container(sessionTokenConfig={"path": "/t", "permission": 600}), None),
        (with_container(sessionTokenConfig={"path": "/t"}, mountSessionToken=False), None),
        (with_spec(endpoints=[{"name": "e"}]), None),
        (with_spec(endpoints=[{"name": "e", "port": 1, "portRange": "1-2"}]), None),
        (with_spec(endpoints=[{"name": "e", "port": 1, "public": True, "protocol": "TCP"}]), None),
        (with_spec(endpoints=[{"name": "e", "portRange": "8010-8000", "protocol": "TCP"}]), None),
        (with_spec(endpoints=[{"name": "e", "portRange": "8000-8010"}]), None),
        (with_spec(endpoints=[{"name": "e", "port": 1}, {"name": "e", "port": 2}]), None),
        (with_spec(volumes=[{"name": "v", "source": "nfs"}]), None),
        (with_spec(volumes=[{**VOLUME, "size": "1Gi"}]), "unknown option 'size' for 'volumes[0]'."),
        (with_spec(volumes=[{**VOLUME, "source": "block"}]), None),
        (with_spec(volumes=[{**VOLUME, "source": "block", "size": "500M"}]), None),
        (with_spec(volumes=[{**VOLUME, "source": "stage"}]), None),
        (with_spec(volumes=[VOLUME, VOLUME]), None),
        (with_spec(containers=[{"name": f"c{n}", "image": "/d/s/r/i:1"} for n in range(21)]), None),
        (with_spec(logExporters={"eventTableConfig": {"logLevel": "DEBUG"}}), None),
        (with_spec(platformMonitor={"metricConfig": {"groups": ["all"]}}), None),
        (
            '{"spec": {"containers": [{"name": "w", "image": "i"}]}, '
            '"serviceRoles": [{"name": "r", "endpoints": ["gone"]}]}',
            "invalid 'serviceRoles'. There is no endpoint 'gone'",
        ),
    ],
)
def test_mistakes_are_refused(text: str, message: str | None) -> None:
    found = refusal(text)
    if message is not None:
        assert found == message


def test_malformed_yaml_says_where() -> None:
    assert refusal("spec:\n  containers: [").startswith("cannot parse it at line 2")


EVERYTHING = """
spec:
  containers:
  - name: worker
    image: /d/s/r/worker:1
    command: [prefect, worker]
    args: ["start"]
    env: {VERSION: 1.10, DEBUG: true, WORKERS: 3, NO: "no"}
    readinessProbe: {port: 8080, path: /health}
    livenessProbe: {port: 8080, path: /health, periodSeconds: 10, failureThreshold: 3}
    volumeMounts: [{name: cache, mountPath: /cache}]
    resources: {requests: {memory: 700Mi, cpu: 500m}, limits: {memory: 2Gi}}
    secrets:
    - {snowflakeSecret: {objectName: d.s.k}, secretKeyRef: secret_string, envVarName: KEY}
    - {snowflakeSecret: k, directoryPath: /secrets}
    sessionTokenConfig: {path: /token, permission: "0600", mountConnectionConfig: true}
  endpoints:
  - {name: web, port: 8080, public: true, corsSettings: {Access-Control-Allow-Origin: ["https://a.b"]}}
  - {name: rays, portRange: 8000-8010, protocol: TCP}
  volumes:
  - {name: cache, source: memory, size: 1Gi}
  - {name: disk, source: block, size: 10Gi, blockConfig: {iops: 3000, snapshotDeleteAfter: 7d}}
  - {name: files, source: stage, uid: 1000, stageConfig: {name: "@d.s.st/path"}}
  logExporters: {eventTableConfig: {logLevel: ERROR}}
  platformMonitor: {metricConfig: {groups: [system, status]}}
  resourceManagement: {autoScalingPolicies: {scaleUp: {anyConditions: [{metric: cpu}]}}}
serviceRoles:
- {name: viewer, endpoints: [web]}
capabilities: {securityContext: {executeAsCaller: true}}
"""


def test_everything_of_the_contract_is_accepted_and_described_as_yaml() -> None:
    spec = parse_spec(EVERYTHING)
    text = describe_spec(spec, {"worker": "sha256:ab"})
    assert text.startswith('---\nspec:\n  containers:\n  - name: "worker"\n')
    described = YAML(typ="safe", pure=True).load(text)
    container = described["spec"]["containers"][0]
    assert container.pop("sha256") == "@sha256:ab"
    assert described == spec
    assert container["env"] == {"VERSION": "1.10", "DEBUG": "true", "WORKERS": "3", "NO": "no"}


def test_described_yaml_is_a_specification_again_without_the_digests() -> None:
    spec = complete_resources(parse_spec(EVERYTHING), FAMILIES["CPU_X64_S"])
    assert parse_spec(describe_spec(spec, {})) == spec


def test_json_as_clients_send_it() -> None:
    env = '{"A": "\\u0024\\u0024"}'
    container = f'{{"name": "w", "image": "/d/s/r/i:1", "env": {env}}}'
    text = f' \n {{"spec": {{"containers": [{container}]}}}} '
    assert parse_spec(text)["spec"]["containers"][0]["env"] == {"A": "$$"}


@pytest.mark.parametrize(
    ("resources", "limits", "requests"),
    [
        (None, {"memory": "6Gi", "cpu": "1"}, {"memory": "0.5Gi", "cpu": "0.5"}),
        (
            {"limits": {"memory": "700Mi"}},
            {"memory": "700Mi", "cpu": "1"},
            {"memory": "700Mi", "cpu": "0.5"},
        ),
        (
            {"limits": {"memory": "100Gi", "cpu": "64"}},
            {"memory": "6Gi", "cpu": "1"},
            {"memory": "6Gi", "cpu": "1"},
        ),
        (
            {"requests": {"cpu": "250m"}},
            {"memory": "6Gi", "cpu": "1"},
            {"memory": "0.5Gi", "cpu": "250m"},
        ),
    ],
)
def test_resources_are_filled_in(
    resources: dict[str, Any] | None, limits: dict[str, str], requests: dict[str, str]
) -> None:
    options = {} if resources is None else {"resources": resources}
    spec = complete_resources(parse_spec(with_container(**options)), FAMILIES["CPU_X64_XS"])
    assert spec["spec"]["containers"][0]["resources"] == {"limits": limits, "requests": requests}


@pytest.mark.parametrize(
    ("requests", "lacking"),
    [
        ({"memory": "7Gi"}, "memory"),
        ({"cpu": "1.5"}, "CPU"),
        ({"nvidia.com/gpu": 1}, "GPU"),
    ],
)
def test_requests_that_no_node_can_hold_are_refused(requests: dict[str, Any], lacking: str) -> None:
    spec = parse_spec(with_container(resources={"requests": requests}))
    with pytest.raises(SqlError) as refused:
        complete_resources(spec, FAMILIES["CPU_X64_XS"])
    assert refused.value.code == "395018"
    assert f"The {lacking} that the containers request" in refused.value.message


def test_every_accepted_specification_has_a_new_digest() -> None:
    spec = parse_spec(with_container())
    first = digest_of(spec, {"w": "sha256:a"})
    assert len(first) == 64
    assert digest_of(spec, {"w": "sha256:a"}) == first
    assert digest_of(spec, {"w": "sha256:b"}) != first
    assert digest_of(spec, {"w": "sha256:a"}, previous=first) != first


@pytest.mark.parametrize(
    ("template", "using", "expected"),
    [
        ("a {{ x }} b", {"x": "1"}, "a 1 b"),
        ("{{x}}{{ x }}", {"x": 2}, "22"),
        ("{{ x }}", {"x": True}, "true"),
        ("{{ x | default('d', false) }}", {}, "d"),
        ("{{ x | default('d', false) }}", {"x": "y"}, "y"),
        ("{{ x | default('d', true) }}", {"x": ""}, "d"),
        ("{{ x | default('d', false) }}", {"x": ""}, ""),
        ("no places", {}, "no places"),
    ],
)
def test_templates(template: str, using: dict[str, Any], expected: str) -> None:
    assert render_template(template, using) == expected


@pytest.mark.parametrize(
    ("template", "using"),
    [("{{ x }}", {}), ("{{ x }}", {"X": 1}), ("{{ x y }}", {"x": 1}), ("{{ }}", {})],
)
def test_templates_that_cannot_be_rendered(template: str, using: dict[str, Any]) -> None:
    with pytest.raises(SqlError) as refused:
        render_template(template, using)
    assert (refused.value.code, refused.value.sqlstate) == ("395069", "23001")
    assert refused.value.message.startswith("Unable to render service spec from given template: ")
