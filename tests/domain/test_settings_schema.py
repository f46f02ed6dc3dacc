"""The JSON schema that editors use says what the reader says."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from pathlib import Path

import spcs_worker_tui
from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.domain.settings_keys import KEYS, TABLES, json_schema

ROOT = Path(__file__).parents[2]


def test_the_shipped_schemas_are_the_generated_one() -> None:
    generated = json_schema()
    shipped = resources.files(spcs_worker_tui) / "spcs-worker.schema.json"
    assert json.loads(shipped.read_text()) == generated
    assert json.loads((ROOT / "docs" / "spcs-worker.schema.json").read_text()) == generated


def test_every_key_is_in_the_schema_with_its_meaning() -> None:
    properties = json_schema()["definitions"]["environment"]["properties"]
    assert properties.keys() == {*KEYS, *TABLES}
    assert all(properties[name]["description"] for name in properties)


def test_examples_match_their_patterns() -> None:
    properties = json_schema()["definitions"]["environment"]["properties"]
    for name, key in KEYS.items():
        if key.example and "pattern" in properties[name]:
            assert re.fullmatch(properties[name]["pattern"], key.example), name


def test_the_example_in_the_documentation_is_valid(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "project.md").read_text()
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert tomllib.loads(example)
    path = tmp_path / "spcs-worker.toml"
    path.write_text(example)
    project = read_settings(path)
    assert list(project.environments) == ["dev", "prod"]
    assert project.environment("prod").read_only
