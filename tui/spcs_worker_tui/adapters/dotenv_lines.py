"""KEY=VALUE lines, read by python-dotenv's parser.

What `.env` means is nowhere written down but in what programs do; this is what Python programs do:
`export`, comments, quotes, escapes in double quotes, values over several lines. Nothing is filled
in: `${OTHER}` stays as it is, since what it would mean is only known where the container runs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from io import StringIO

from dotenv.parser import Binding, parse_stream

from spcs_worker_tui.domain.dotenv import DotenvEntry
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import LONGEST
from spcs_worker_tui.domain.settings_keys import VARIABLE

_LEADING = re.compile(r"\s*")
_LINE_END = re.compile(r"\r\n|\n|\r")
_NEXT_STEP = "Correct it; nothing was changed. A line looks like NAME=VALUE."


def read_lines(text: str, source: str) -> tuple[DotenvEntry, ...]:
    """The variables, in their order.

    Args:
        text: Of a file, or as it was pasted.
        source: For messages: the file's name, or what it came from.

    Raises:
        ConfigurationError: Lines are wrong, or a variable is there twice; it says all that is, and
            no value.
    """
    if len(text) > LONGEST:
        raise ConfigurationError(
            f"{source} is longer than {LONGEST} characters", next_step=_NEXT_STEP
        )
    entries: list[DotenvEntry] = []
    problems: list[str] = []
    for binding in parse_stream(StringIO(text.removeprefix("\ufeff"), newline="")):
        line = _line(binding)
        if binding.error or (binding.key is not None and binding.value is None):
            problems.append(f"{source}, line {line}: this is not NAME=VALUE")
        elif binding.key is not None and not re.fullmatch(VARIABLE, binding.key):
            # What stands there is not said: it may be a piece of a key.
            problems.append(f"{source}, line {line}: this is no name of an environment variable")
        elif binding.key is not None:
            entries.append(DotenvEntry(binding.key, binding.value or "", line))
    problems += (f"{source}, {twice}" for twice in _twice(entries))
    if problems:
        first, *others = problems
        raise ConfigurationError(first, others=others, next_step=_NEXT_STEP)
    if not entries:
        raise ConfigurationError(f"{source} holds no variable", next_step=_NEXT_STEP)
    return tuple(entries)


def _line(binding: Binding) -> int:
    """Where it begins: blank lines before it belong to it."""
    leading = _LEADING.match(binding.original.string)
    blank = len(_LINE_END.findall(leading[0])) if leading else 0
    return binding.original.line + blank


def _twice(entries: list[DotenvEntry]) -> Iterator[str]:
    lines = defaultdict(list)
    for entry in entries:
        lines[entry.name].append(str(entry.line))
    for name, found in lines.items():
        if len(found) > 1:
            yield f"lines {', '.join(found)}: {name} is there {len(found)} times"
