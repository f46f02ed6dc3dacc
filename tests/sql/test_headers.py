"""What the files under `sql/` say of themselves, against what they do."""

from __future__ import annotations

import re
import tomllib

import pytest
from ruamel.yaml import YAML

from support.sql_files import FOLDER, SqlFile, files

EVERY = files()
SPECIFICATION = FOLDER.parent / "spcs-service-spec.yaml"


def named(file: SqlFile) -> str:
    return file.path.stem


def defaults() -> dict[str, str]:
    return {variable.name: variable.default for file in EVERY for variable in file.variables}


def test_there_are_files_to_look_at() -> None:
    assert [file.number for file in EVERY[:9]] == [f"{number:02}" for number in range(1, 10)]
    assert {file.number[0] for file in EVERY} == {"0", "9"}


@pytest.mark.parametrize("file", EVERY, ids=named)
def test_the_header_lists_exactly_the_variables_used(file: SqlFile) -> None:
    names = [variable.name for variable in file.variables]
    assert len(names) == len(set(names))
    assert set(names) == file.used


@pytest.mark.parametrize("file", EVERY, ids=named)
def test_the_header_says_who_what_it_costs_and_how_to_undo_it(file: SqlFile) -> None:
    assert file.path.name.startswith(f"{file.number}_")
    assert set(file.fields) == {"Run as", "Costs", "Undo"}
    for other in re.findall(r"\w+\.sql", file.path.read_text()):
        assert (FOLDER / other).exists(), other


@pytest.mark.parametrize("file", EVERY, ids=named)
def test_nothing_else_is_a_template(file: SqlFile) -> None:
    """`snow` also replaces `&name` and `{{ name }}`, in whatever it takes for a statement."""
    assert not re.search(r"&|\{\{|\{%", file.statements)
    assert not re.search(r"<%|%>", file.path.read_text().partition("\n\n")[0])


def test_a_variable_has_one_default() -> None:
    for file in EVERY:
        for variable in file.variables:
            assert variable.default == defaults()[variable.name], (file.path.name, variable)


def test_the_page_gives_every_variable_its_default() -> None:
    page = (FOLDER.parent / "docs" / "sql.md").read_text()
    block = page.partition("values=(")[2].partition("\n)")[0]
    given = dict(re.findall(r'-D "?(\w+)=([^\s"]*)', block))
    set_up = [variable for file in files("0") for variable in file.variables]
    assert set(given) == {variable.name for variable in set_up}
    for variable in set_up:
        assert variable.default in ("", given[variable.name])


def test_only_a_placeholder_stands_for_the_secret() -> None:
    text = "\n".join(file.path.read_text() for file in EVERY)
    assert re.findall(r"SECRET_STRING\s*=\s*(\S+)", text) == ["'placeholder'"]


def test_what_drops_everything_is_out_of_reach_of_the_other_variables() -> None:
    """Whoever passes the set-up's variables to all files does not drop a database with them."""
    others = {
        variable.name
        for file in EVERY
        for variable in file.variables
        if not re.search(r"DROP (SCHEMA|DATABASE)", file.statements)
    }
    dropping = [file for file in EVERY if re.search(r"DROP (SCHEMA|DATABASE)", file.statements)]
    assert len(dropping) == 2
    for file in dropping:
        assert not file.used & others
        assert all(not variable.default for variable in file.variables)


def test_the_defaults_are_those_of_the_project_s_settings() -> None:
    page = (FOLDER.parent / "docs" / "project.md").read_text()
    settings = tomllib.loads(page.partition("```toml\n")[2].partition("```")[0])["defaults"]
    names = defaults()
    for key in ("database", "schema", "service", "compute_pool"):
        assert settings[key] == names[key]
    assert settings["image_repository"] == names["repository"]
    assert settings["external_access_integrations"] == [names["integration"]]
    assert settings["secrets"]["PREFECT_API_KEY"] == names["secret"]


def test_the_defaults_are_those_of_the_specification() -> None:
    names = defaults()
    (container,) = YAML(typ="safe").load(SPECIFICATION)["spec"]["containers"]
    place = "/".join(names[name] for name in ("database", "schema", "repository")).lower()
    assert container["image"].startswith(f"/{place}/")
    secret = ".".join(names[name] for name in ("database", "schema", "secret"))
    assert container["secrets"][0]["snowflakeSecret"]["objectName"] == secret
    assert container["env"]["PREFECT_API_URL"].startswith(
        f"https://{names['prefect_host'].removesuffix(':443')}/"
    )
