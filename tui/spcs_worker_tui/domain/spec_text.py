"""A specification as text that every reader of YAML reads alike, fit for `$$ … $$`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spcs_worker_tui.domain.spec_source import read_as

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_PLAIN_VALUE = re.compile(r"[A-Za-z/][A-Za-z0-9_./@-]*(?::[A-Za-z0-9_./@-]+)*")
_ESCAPED = re.compile("[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def spec_text(tree: Mapping[str, Any]) -> str:
    r"""The text that is sent.

    Texts that any reader could take for something else are in double quotes with JSON's escapes,
    which YAML shares. `$$` would end the body of the statement (contract 3.3), so its second
    dollar is written `\u0024`, as `snow` writes it (contract 1.7).
    """
    return "\n".join([*_lines(tree, ""), ""])


def _lines(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        head = f"{indent}{_key(key)}:"
        if isinstance(item, Mapping) and item:
            yield head
            yield from _lines(item, indent + "  ")
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            yield head
            yield from _items(item, indent)
        else:
            yield f"{head} {_scalar(item)}"


def _items(items: Sequence[Any], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping) and item:
            first, *rest = _lines(item, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        elif isinstance(item, Sequence) and not isinstance(item, str) and item:
            yield f"{indent}-"
            yield from _items(item, indent + "  ")
        else:
            yield f"{indent}- {_scalar(item)}"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and not read_as(key) else _quoted(key)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value) if needs_quotes(value) else value
    return json.dumps(value)  # numbers, booleans, null, and what is empty


def needs_quotes(text: str) -> bool:
    """Whether some reader of YAML could take it for something else than this text."""
    return not _PLAIN_VALUE.fullmatch(text) or bool(read_as(text))


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False).replace("$$", "$\\u0024")
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
