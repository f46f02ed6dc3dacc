"""README and docs: links lead somewhere, and commands are taken as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from spcs_worker_tui.cli.arguments import parse
from support.documents import PAGES, ROOT, commands

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    there = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert there <= {link.partition("#")[0] for link in LINK.findall(index)}


def test_there_are_commands_to_try() -> None:
    assert len(commands()) > 60


@pytest.mark.parametrize("command", commands())
def test_commands_are_taken_as_they_stand_there(command: str) -> None:
    words = shlex.split(command)
    if words[1:2] == ["sandbox"]:
        assert words[2] == "serve"
        return
    parse(words[1:])
