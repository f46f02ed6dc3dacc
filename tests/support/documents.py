"""What stands in README and docs: pages, and commands that a reader would paste."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

_CODE = re.compile(r"^```sh\n(.*?)^```|((?:^ {4}.*\n)+)", re.DOTALL | re.MULTILINE)
"""What `text`, `ini` and the like hold is for another program."""
_COMMAND = re.compile(r"^(?:\$ |    |pip install uv && uv run |.* \| )?(spcs-worker-tui(?: .*)?)$")


def commands() -> list[str]:
    """Every command of ours, as it stands there, without what it is piped to and comments."""
    found: set[str] = set()
    for page in PAGES:
        for block in _CODE.finditer(page.read_text(encoding="utf-8")):
            lines = (block[1] or block[2]).splitlines()
            found |= {_bare(match[1]) for line in lines if (match := _COMMAND.match(line))}
    return sorted(found)


def _bare(command: str) -> str:
    words = shlex.split(command.partition(" | ")[0].partition(" > ")[0], comments=True)
    return shlex.join(words)
