"""README and docs: links lead somewhere, and commands are taken as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from spcs_worker_tui.cli import report_prometheus
from spcs_worker_tui.cli.arguments import parse
from spcs_worker_tui.sandbox.__main__ import _parser as sandbox_parser
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
        sandbox_parser().parse_args(words[2:])
        return
    parse(words[1:])


SCHEDULED = re.compile(r"spcs-worker-tui --check[^>\n]*?(?=\s*(?:>|2>&1|$))", re.MULTILINE)


def test_what_other_programs_are_told_to_run_is_taken() -> None:
    page = (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")
    told = [
        command
        for block in re.findall(r"```(?:text|ini)\n(.*?)```", page, re.DOTALL)
        for command in SCHEDULED.findall(block)
    ]
    assert len(told) == 3
    for command in told:
        assert parse(shlex.split(command)[1:]).check, command


def test_metrics_that_pages_name_are_written() -> None:
    source = Path(report_prometheus.__file__).read_text(encoding="utf-8")
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"\bspcs_worker_[a-z_]+", text))
    named -= {"spcs_worker_tui"}  # the package
    assert named
    assert all(name.removeprefix("spcs_worker_") in source for name in named), named
