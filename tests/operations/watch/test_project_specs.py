"""What the project's files say of a service, and whether what is deployed is that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.fleet import DeployedSpec, ServiceKey
from spcs_worker_tui.operations.watch.project_specs import ProjectSpecs
from spcs_worker_tui.wiring.project import ProjectFiles, read_spec
from support.project_file import DEV, lay_out

SETTINGS = f"""\
{DEV}service = "W"
image = "worker"
variables = {{ REGION = "north" }}
secrets = {{ TOKEN = "D.S.TOKEN" }}
"""
WRITTEN = """\
spec:
  containers:
  - name: main
    image: /d/s/repo/worker:any
    env: {LIMIT: "1"}
    resources:
      requests: {cpu: "1", memory: 1Gi}
"""
DEPLOYED = """\
spec:
  containers:
  - name: "main"
    image: "/d/s/repo/worker:7"
    sha256: "@sha256:aa"
    env: {LIMIT: "1", REGION: "north"}
    secrets:
    - snowflakeSecret: {objectName: "d.s.token"}
      secretKeyRef: "secret_string"
      envVarName: "TOKEN"
    resources:
      requests: {cpu: "1000m", memory: "1Gi"}
      limits: {cpu: "1", memory: "1Gi"}
"""
KEY = ServiceKey("dev", "D", "S", "W")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return lay_out(tmp_path, SETTINGS, WRITTEN).parent


@pytest.fixture
def specs(folder: Path) -> ProjectSpecs:
    return made()


def made() -> ProjectSpecs:
    files = ProjectFiles()
    return ProjectSpecs(files.project_here, files.document, read_spec)


def deployed(text: str = DEPLOYED) -> DeployedSpec:
    return DeployedSpec(text, "digest", source=text)


def test_the_same_by_meaning(specs: ProjectSpecs) -> None:
    assert specs.differing_fields(KEY, deployed()) == ()


@pytest.mark.parametrize(
    ("there", "here", "field"),
    [
        ('LIMIT: "1"', 'LIMIT: "2"', "main.LIMIT"),
        ('LIMIT: "1", ', "", "main.LIMIT"),
        ("north", "south", "main.REGION"),
        ("d.s.token", "d.s.other", "main.TOKEN"),
        ('cpu: "1000m"', 'cpu: "2"', "main.cpu"),
        ("repo/worker:7", "repo/other:7", "main.image"),
        ('- name: "main"', '- readinessProbe: {port: 1, path: /x}\n    name: "main"', ""),
    ],
)
def test_what_update_would_change_is_named(
    specs: ProjectSpecs, there: str, here: str, field: str
) -> None:
    assert there in DEPLOYED
    found = specs.differing_fields(KEY, deployed(DEPLOYED.replace(there, here)))
    assert found == (field or "main.readinessProbe",)


def test_another_connection_to_the_same_service(folder: Path, specs: ProjectSpecs) -> None:
    viewer = replace(KEY, connection="viewer")
    assert specs.differing_fields(viewer, deployed()) == ()
    assert set(specs.stamps([KEY, viewer, replace(KEY, name="X")])) == {KEY, viewer}
    more = SETTINGS.replace("environments.dev", "environments.prod").replace('"dev"', '"prod"')
    (folder / "spcs-worker.toml").write_text(SETTINGS + more.replace("north", "south"))
    # They do not agree, so nobody knows which of them is meant.
    assert set(specs.stamps([KEY, viewer])) == {KEY}
    assert specs.differing_fields(viewer, deployed()) is None
    assert specs.spec_of(viewer) is None
    assert specs.spec_of(KEY) is not None


def test_a_change_of_either_file_is_seen(folder: Path, specs: ProjectSpecs) -> None:
    stamps = {specs.stamps([KEY])[KEY]}
    assert {specs.stamps([KEY])[KEY]} == stamps
    # Of another length: a clock of files may stand still for some milliseconds.
    (folder / "spcs-worker.toml").write_text(SETTINGS.replace("north", "far south"))
    stamps.add(changed := specs.stamps([KEY])[KEY])
    spec = folder / "spcs-service-spec.yaml"
    spec.write_text(WRITTEN.replace("LIMIT", "LIMITS"))
    stamps.add(specs.stamps([KEY])[KEY])
    assert len(stamps) == 3
    spec.unlink()
    assert specs.stamps([KEY]) == {}
    spec.write_text(WRITTEN)
    assert specs.stamps([KEY]) == {KEY: changed}
    (folder / "spcs-worker.toml").unlink()
    assert specs.stamps([KEY]) == {}


def test_files_are_read_once_while_they_do_not_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = Path.read_text

    def counted(path: Path, *args: Any, **options: Any) -> str:
        read.append(path.name)
        return real(path, *args, **options)

    specs = made()
    monkeypatch.setattr(Path, "read_text", counted)
    for _ in range(3):
        specs.stamps([KEY, replace(KEY, name="X")])
        specs.differing_fields(KEY, deployed())
    assert sorted(read) == ["spcs-service-spec.yaml", "spcs-worker.toml"]


def test_files_that_cannot_be_read_are_no_project(folder: Path, specs: ProjectSpecs) -> None:
    (folder / "spcs-service-spec.yaml").write_text("spec: {containers: []}\n")
    for _ in range(2):
        assert specs.stamps([KEY]) == {}
        assert specs.differing_fields(KEY, deployed()) is None
        with pytest.raises(ConfigurationError) as found:
            specs.spec_of(KEY)
    depth = 0
    trace = found.value.__traceback__
    while trace is not None:
        depth, trace = depth + 1, trace.tb_next
    assert depth < 10, "each reading must not add to what an error remembers"


def test_what_the_server_shows_that_is_no_specification(specs: ProjectSpecs) -> None:
    assert specs.differing_fields(KEY, deployed("spec: {}")) is None


def test_nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert not any((path / "spcs-worker.toml").exists() for path in Path.cwd().parents)
    assert made().stamps([KEY]) == {}


def test_a_thousand_services_cost_one_look_at_the_files(folder: Path) -> None:
    files, asked = ProjectFiles(), []

    def here() -> object:
        asked.append(1)
        return files.project_here()

    specs = ProjectSpecs(here, files.document, read_spec)  # type: ignore[arg-type]
    many = [replace(KEY, name=f"W{number}") for number in range(999)]
    assert set(specs.stamps([KEY, *many])) == {KEY}
    assert len(asked) == 1
