"""How deep a YAML text is nested, before a reader is let at it."""

from __future__ import annotations

from functools import cache

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent

_OPENING = "[{:-?"
_SURELY_SHALLOW = 500
_DEEPEST = 100


def check_depth(text: str) -> None:
    """Refuse what is nested so deeply that a reader would overflow its stack, or take minutes.

    libyaml's composer recurses in C, where nothing stops it. Nothing can be nested deeper than it
    has characters that open something, and no real specification has that many.

    Raises:
        RecursionError: It is.
        UnicodeEncodeError: There are lone surrogates in it.
    """
    if sum(map(text.count, _OPENING)) <= _SURELY_SHALLOW:
        return
    depth = 0
    try:
        for event in _yaml().parse(text):
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            if depth > _DEEPEST:
                raise RecursionError
    except YAMLError:
        return  # the reader says what is wrong, and stops there, too


@cache
def _yaml() -> YAML:
    return YAML(typ="base", plug_ins=[])
