"""Which services a person means by a name or a pattern."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

_NAMED = 5


def matches(pattern: str, key: ServiceKey) -> bool:
    """Whether the pattern means that service.

    `NAME`, `SCHEMA.NAME` or `DATABASE.SCHEMA.NAME`, each with or without `CONNECTION:` before
    it; `*`, `?` and `[…]` as in file names. Upper and lower case are the same.
    """
    connection, colon, name = pattern.rpartition(":")
    if colon and not fnmatchcase(key.connection.casefold(), connection.casefold()):
        return False
    spellings = (key.name, f"{key.schema}.{key.name}", key.qualified)
    return any(fnmatchcase(text.casefold(), name.casefold()) for text in spellings)


def wanted(patterns: Sequence[str]) -> Callable[[ServiceKey], bool]:
    """Tells which services are meant; without patterns, all are."""
    return lambda key: not patterns or any(matches(pattern, key) for pattern in patterns)


def choose(pattern: str, keys: Iterable[ServiceKey]) -> ServiceKey:
    """The one service that is meant.

    Raises:
        ConfigurationError: None is, or several are.
    """
    known = tuple(keys)
    found = [key for key in known if matches(pattern, key)]
    if len(found) == 1:
        return found[0]
    if found:
        there_are = ", ".join(str(key) for key in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise ConfigurationError(
            f"{one_line(pattern)!r} means {len(found)} services",
            next_step=f"Say which: {there_are}{more}.",
        )
    raise ConfigurationError(
        f"there is no service {one_line(pattern)!r}",
        next_step=_nearest(pattern, known),
    )


def _nearest(pattern: str, keys: Sequence[ServiceKey]) -> str:
    if not keys:
        return "No service is visible: SHOW SERVICES lists what the role holds a privilege on."
    names = {key.name.casefold(): str(key) for key in keys}
    name = pattern.rpartition(":")[2].rpartition(".")[2].casefold()
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or list(names)[:_NAMED]
    return f"There are, among others: {', '.join(names[n] for n in near)}."
