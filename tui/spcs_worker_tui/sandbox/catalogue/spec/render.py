"""A specification as DESCRIBE SERVICE shows it: normalised YAML (contract 1.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
# What some YAML readers take for a boolean or nothing when it is not quoted.
_READ_AS_SOMETHING_ELSE = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def describe_spec(spec: Mapping[str, Any], digests: Mapping[str, str]) -> str:
    """The text of the `spec` column.

    Args:
        spec: A checked specification, with its top-level keys.
        digests: Container name to the `sha256:…` that its image was pinned to.
    """
    body = dict(spec["spec"])
    body["containers"] = [_with_digest(container, digests) for container in body["containers"]]
    return "\n".join(["---", *_lines({**spec, "spec": body}, ""), ""])


def _with_digest(container: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for option, value in container.items():
        shown[option] = value
        if option == "image" and container["name"] in digests:
            shown["sha256"] = f"@{digests[container['name']]}"
    return shown


def _lines(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        head = f"{indent}{_key(key)}:"
        if isinstance(item, Mapping) and item:
            yield head
            yield from _lines(item, indent + "  ")
        elif isinstance(item, list) and item:
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
        else:
            yield f"{indent}- {_scalar(item)}"


def _key(key: str) -> str:
    if _PLAIN_KEY.fullmatch(key) and key.lower() not in _READ_AS_SOMETHING_ELSE:
        return key
    return _scalar(key)


def _scalar(value: Any) -> str:
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
