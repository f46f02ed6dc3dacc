"""The settings file: found upwards, read, and every problem in it said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.adapters.settings_place import find_settings
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.settings import Environment, image_tag

WHOLE = """\
default_environment = "dev"

[defaults]
database = "prefect"
schema = "workers"
service = "worker"
compute_pool = "worker_pool"
image_repository = "images"
work_pool = "spcs"
external_access_integrations = [
    "prefect_access",  # [one]
    "PYPI",
]
resources = { requests = { cpu = "0.5", memory = "1Gi" } }

[defaults.variables]
PREFECT_LOGGING_LEVEL = "INFO"
LIMIT = 5

[defaults.secrets]
PREFECT_API_KEY = "prefect_api_key"

[environments.dev]
connection = "dev"
prefect_api_url = "http://127.0.0.1:4200/api"

[environments.dev.variables]
PREFECT_LOGGING_LEVEL = "DEBUG"

[environments.prod]
connection = "prod"
read_only = true
min_instances = 2
max_instances = 4
resources.limits.memory = "4Gi"
image_repository = "shared.public.images"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "spcs-worker.toml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[str]:
    path = write(folder, text)
    with pytest.raises(ConfigurationError) as refused:
        read_settings(path)
    return [t.removeprefix(f"{path}, ") for t in (str(refused.value), *refused.value.others)]


def test_is_found_upwards(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    path = write(tmp_path, WHOLE)
    assert find_settings(below) == path
    nearer = write(tmp_path / "a", WHOLE)
    assert find_settings(below) == nearer


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    assert find_settings(tmp_path) is None


def test_environments_inherit_the_defaults(tmp_path: Path) -> None:
    project = read_settings(write(tmp_path, WHOLE))
    dev = project.environment()
    assert dev == Environment(
        name="dev",
        connection="dev",
        database="PREFECT",
        schema="WORKERS",
        service="WORKER",
        compute_pool="WORKER_POOL",
        image_repository="prefect/workers/images",
        external_access_integrations=("PREFECT_ACCESS", "PYPI"),
        work_pool="spcs",
        prefect_api_url="http://127.0.0.1:4200/api",
        variables={"PREFECT_LOGGING_LEVEL": "DEBUG", "LIMIT": "5"},
        secrets={"PREFECT_API_KEY": "PREFECT.WORKERS.PREFECT_API_KEY"},
        resources=dev.resources,
    )
    assert dev.resources.requests == {"cpu": "0.5", "memory": "1Gi"}
    prod = project.environment("prod")
    assert prod.read_only
    assert (prod.min_instances, prod.max_instances) == (2, 4)
    assert prod.resources.limits == {"memory": "4Gi"}
    assert prod.resources.requests == dev.resources.requests
    assert prod.image_path("1.0") == "/shared/public/images/spcs-worker:1.0"
    assert str(project.beside("Dockerfile")) == str(tmp_path / "Dockerfile")


def test_max_instances_follows_min_instances(tmp_path: Path) -> None:
    text = WHOLE.replace("max_instances = 4\n", "")
    prod = read_settings(write(tmp_path, text)).environment("prod")
    assert (prod.min_instances, prod.max_instances) == (2, 2)


def test_every_problem_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    text = WHOLE.replace('schema = "workers"', 'shema = "workers"')
    text = text.replace("min_instances = 2", "min_instances = 0")
    text = text.replace('"prefect_access",', '"prefect access",')
    assert problems(tmp_path, text) == [
        "line 5: unknown key 'shema'; did you mean 'schema'?",
        "line 10: external_access_integrations is 'prefect access', which Snowflake does not take "
        "as an unquoted name: use letters, digits, '_' and '$'",
        "line 23: environment 'dev' has no schema (schema of the service, such as WORKERS)",
        "line 30: environment 'prod' has no schema (schema of the service, such as WORKERS)",
        "line 33: min_instances has to be a whole number from 1",
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('connection = "dev"', "connection = 5", "line 24: connection has to be a text in quotes"),
        ("LIMIT = 5", "LIMIT = 1.5", "line 18: LIMIT has to be a text in quotes"),
        ("LIMIT = 5", '"A-B" = "x"', "line 18: 'A-B' is no name of an environment variable"),
        ("LIMIT = 5", 'PREFECT_API_URL = "x"', "line 18: PREFECT_API_URL is set by the key"),
        ("LIMIT = 5", 'DB_PASSWORD = "hunter2!"', "line 18: DB_PASSWORD looks like a key"),
        ("LIMIT = 5", 'PREFECT_API_KEY = "pnu_x"', "line 18: PREFECT_API_KEY looks like a key"),
        ('"prefect_api_key"', '"pnu_0123456789-abc"', "line 21: PREFECT_API_KEY has to be"),
        ("read_only = true", 'read_only = "yes"', "line 32: read_only has to be true or false"),
        ("max_instances = 4", "max_instances = 1", "line 34: max_instances is 1"),
        (
            'default_environment = "dev"',
            'default_environment = "de"',
            "line 1: default_environment",
        ),
        ('memory = "4Gi"', 'memory = "4G1"', "line 35: memory has to be an amount"),
        (
            "limits.memory",
            "limit.memory",
            "line 35: unknown key 'limit' of resources; did you mean",
        ),
        ("limits.memory", "limits.ram", "line 35: unknown key 'ram'"),
        ("[environments.prod]", '[environments."p d"]', "line 30: environment name 'p d'"),
        (
            'prefect_api_url = "http',
            'prefect_api_url = "u:p@http',
            "line 25: prefect_api_url has to be",
        ),
        ('work_pool = "spcs"', 'tag = "{revision}"', "line 9: tag is '{revision}'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in WHOLE
    found = problems(tmp_path, WHOLE.replace(before, after))
    assert [text for text in found if text.startswith(said)], found


def test_keys_at_the_top_are_told_where_they_belong(tmp_path: Path) -> None:
    assert problems(tmp_path, 'database = "X"\n' + WHOLE) == [
        "line 1: unknown key 'database'; it belongs into [defaults] or [environments.NAME]"
    ]


def test_a_value_that_looks_like_a_key_is_not_repeated(tmp_path: Path) -> None:
    found = problems(tmp_path, WHOLE.replace("LIMIT = 5", 'DB_PASSWORD = "hunter2!"'))
    assert not any("hunter2" in text for text in found)
    found = problems(tmp_path, WHOLE.replace('"prefect_api_key"', '"hunter2!"'))
    assert not any("hunter2" in text for text in found)
    found = problems(tmp_path, WHOLE.replace("//127", "//me:hunter2@127"))
    assert not any("hunter2" in text for text in found)


def test_a_secret_of_one_environment_can_be_a_variable_of_another(tmp_path: Path) -> None:
    text = WHOLE.replace("DEBUG", "DEBUG").replace(
        "[environments.prod]", '[environments.dev.secrets]\nLIMIT = "LIMIT"\n[environments.prod]'
    )
    project = read_settings(write(tmp_path, text))
    assert project.environment("dev").secrets["LIMIT"] == "PREFECT.WORKERS.LIMIT"
    assert "LIMIT" not in project.environment("dev").variables
    assert project.environment("prod").variables["LIMIT"] == "5"


def test_no_environment_at_all(tmp_path: Path) -> None:
    assert problems(tmp_path, "") == ["line 1: there is no [environments.NAME]: add one"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a = [", "is not valid TOML"),
        (b"a = '\xff'", "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_toml(tmp_path: Path, data: bytes, said: str) -> None:
    path = write(tmp_path, "")
    path.write_bytes(data)
    with pytest.raises(ConfigurationError, match=said):
        read_settings(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "spcs-worker.toml").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        read_settings(tmp_path / "spcs-worker.toml")


def test_an_unknown_environment_is_told_the_nearest(tmp_path: Path) -> None:
    project = read_settings(write(tmp_path, WHOLE))
    with pytest.raises(ConfigurationError, match="did you mean 'prod'"):
        project.environment("prd")


def test_without_a_default_the_environment_has_to_be_said(tmp_path: Path) -> None:
    text = WHOLE.replace('default_environment = "dev"', "")
    with pytest.raises(ConfigurationError, match="no default_environment"):
        read_settings(write(tmp_path, text)).environment()


def test_the_tag_pattern() -> None:
    assert image_tag("{version}-{git}", {"version": "1.4", "git": "ab12"}) == "1.4-ab12"
    assert image_tag("latest", {}) == "latest"
    with pytest.raises(ConfigurationError, match=r"asks for \{git\}"):
        image_tag("{version}-{git}", {"version": "1.4", "git": ""})
