"""A project's folder: what is put there, and how its settings are written."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.project_folder import TemplateFolder, with_environment
from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.adapters.template import PARTS
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.setup import Answers, checked
from spcs_worker_tui.operations.setup.answers import answers_of

URL = "https://prefect.example.com/api"


def answers(folder: Path, **changes: object) -> Answers:
    return checked(replace(Answers("dev", "acme", URL, folder), **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"repository": "OTHER.SHARED.IMAGES", "secret": "VAULT.KEYS.PREFECT"},
        {"secret": "", "instance_family": "GEN_X64_G2_2", "min_nodes": 2, "max_nodes": 5},
        {"secret": "LOGIN", "secret_variable": "PREFECT_API_AUTH_STRING"},
        {"monitor_role": "EYES", "role": "OPS", "instances": 3, "tag": "1.4.0"},
    ],
)
def test_what_is_written_is_read_back_as_the_same_answers(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    given = answers(tmp_path, **changes)
    folder = TemplateFolder()
    assert folder.write(tmp_path, given)
    project = read_settings(tmp_path / "spcs-worker.toml")
    read = answers_of(project, project.environment("dev"))
    assert read.as_environment() == replace(
        given.as_environment(), setup=project.environment("dev").setup
    )
    assert read.setup_keys() == given.setup_keys()
    assert checked(read).repository_name == given.repository_name
    # Written again, nothing is different.
    assert not folder.write(tmp_path, replace(given, base=project.environment("dev")))
    assert not folder.write(tmp_path, read)


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    text = """\
[defaults]
database = "prefect"
schema = "workers"
image_repository = "images"
compute_pool = "worker_pool"   # shared
external_access_integrations = ["prefect_access"]

[defaults.setup]
role = "prefect_operator"
min_nodes = 1

[environments.dev]  # mine
connection = "acme"
service = "worker"
tag = "old"         # stays a comment
"""
    after = with_environment(text, answers(tmp_path, tag="new"))
    assert 'tag = "new"         # stays a comment' in after
    dev = tomllib.loads(after)["environments"]["dev"]
    assert dev.keys() == {
        *("connection", "service", "tag", "image", "work_pool", "prefect_api_url"),
        *("min_instances", "secrets", "setup"),
    }
    assert dev["setup"].keys() == {
        *("instance_family", "max_nodes", "auto_suspend_secs", "network_rule"),
    }
    assert after.startswith(text.partition("[environments.dev]")[0])


def test_what_the_settings_say_besides_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "spcs-worker.toml"
    path.write_text(
        """
[environments.dev]
connection = "acme"
database = "A"
schema = "B"
service = "C"
compute_pool = "D"
image_repository = "E"
work_pool = "spcs"
prefect_api_url = "https://prefect.example.com/api"
max_instances = 4
external_access_integrations = ["ONE", "TWO"]
variables = { LEVEL = "DEBUG" }
build_network = "host"
resources = { limits = { memory = "4Gi" } }
"""
    )
    project = read_settings(path)
    read = answers_of(project, project.environment("dev"))
    assert (read.integration, read.secret) == ("ONE", "")
    assert TemplateFolder().write(tmp_path, read)
    again = read_settings(path).environment("dev")
    before = project.environment("dev")
    assert replace(again, setup={}, tag=before.tag) == before


def test_what_is_missing_is_put_there_and_what_is_there_stays(tmp_path: Path) -> None:
    folder = TemplateFolder()
    (tmp_path / "Dockerfile").write_text("FROM mine\n")
    assert list(folder.missing(tmp_path)) == [".dockerignore", "spcs-service-spec.yaml", "worker"]
    folder.lay_out(tmp_path, ["worker"], "PREFECT_API_KEY")
    assert list(folder.missing(tmp_path)) == [".dockerignore", "spcs-service-spec.yaml"]
    folder.lay_out(tmp_path, PARTS, "PREFECT_API_KEY")
    assert list(folder.missing(tmp_path)) == []
    assert (tmp_path / "Dockerfile").read_text() == "FROM mine\n"
    assert (tmp_path / "worker" / "spcs_worker" / "flows" / "hello.py").is_file()


@pytest.mark.parametrize("variable", ["PREFECT_API_KEY", "PREFECT_API_AUTH_STRING", ""])
def test_the_specification_has_the_secret_that_is_wanted(tmp_path: Path, variable: str) -> None:
    folder = TemplateFolder()
    coming = folder.specification(tmp_path, "spcs-service-spec.yaml", variable)
    folder.lay_out(tmp_path, PARTS, variable)
    there = folder.specification(tmp_path, "spcs-service-spec.yaml", variable)
    assert coming.tree == there.tree
    secrets = [one.name for one in there.variables("") if one.secret]
    assert secrets == ([variable] if variable else [])


@pytest.mark.parametrize("text", ["a = ", "[environments]\ndev = 3\n", "environments = 1\n"])
def test_settings_that_are_wrong_are_not_touched(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spcs-worker.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        TemplateFolder().write(tmp_path, answers(tmp_path))
    assert path.read_text() == text


def test_no_address_no_work_pool_no_set_up(tmp_path: Path) -> None:
    path = tmp_path / "spcs-worker.toml"
    keys = ("connection", "database", "schema", "service", "compute_pool", "image_repository")
    path.write_text("[environments.dev]\n" + "".join(f'{key} = "A"\n' for key in keys))
    project = read_settings(path)
    with pytest.raises(ConfigurationError, match="no prefect_api_url and no work_pool"):
        answers_of(project, project.environment("dev"))
