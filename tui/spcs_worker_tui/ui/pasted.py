"""KEY=VALUE lines, as people paste them and as .env files hold them. Pure."""

from __future__ import annotations

import re

from spcs_worker_tui.domain.errors import ConfigurationError

_LINE = re.compile(r"(?:export\s+)?([^\s=#]+)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<value>.*)(?P=quote)\s*(?:\s#.*)?""")


def assignments(text: str) -> list[tuple[str, str]]:
    """Names and values, in their order.

    Empty lines and those that begin with `#` say nothing; `export ` before a name, quotes around
    a value, and ` #` with what follows a value without quotes are left out, as .env files have it.

    Raises:
        ConfigurationError: A line is something else, or there is none. It tells no value.
    """
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise ConfigurationError(
                f"line {number} is not NAME=VALUE", next_step="Nothing of it was taken."
            )
        name, value = match.groups()
        quoted = _QUOTED.fullmatch(value)
        value = quoted["value"] if quoted else re.split(r"\s#", value, maxsplit=1)[0].rstrip()
        found.append((name, value))
    if not found:
        raise ConfigurationError("there is no NAME=VALUE in it")
    return found
