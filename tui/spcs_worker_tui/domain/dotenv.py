"""KEY=VALUE lines as people write and paste them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DotenvEntry:
    """One variable; `line` is where it begins, the first being 1."""

    name: str
    value: str = field(repr=False)
    line: int = 0
