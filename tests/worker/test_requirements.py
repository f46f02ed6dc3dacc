from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[2] / "worker" / "requirements.txt"


def pins() -> list[str]:
    text = REQUIREMENTS.read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_package_is_pinned_by_hash():
    assert len(pins()) > 50
    for line in pins():
        assert re.match(r"[a-z0-9.-]+==\S+ ", line), line
        assert " --hash=sha256:" in line, line


def test_no_package_index_is_named():
    text = REQUIREMENTS.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash)", text, re.MULTILINE)
    assert not re.search(r"^\s*-[a-z]", text, re.MULTILINE)


def test_the_image_gets_the_prefect_that_is_tested_here():
    assert f"prefect=={importlib.metadata.version('prefect')} " in "\n".join(pins())


def test_the_dashboard_is_not_in_the_image():
    names = {line.partition("==")[0] for line in pins()}
    assert names.isdisjoint({"textual", "snowflake-connector-python", "keyring", "tomlkit"})
