"""The pieces that the specification's schema is made of.

A check takes a tree and the name of the option that it stands under, and returns the plain value.
The texts follow the two forms that are known (contract 1.14): `unknown option 'x' for 'y'`, and
`invalid 'x'. Value is empty`, where an element of a list is called `endpoints[0]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spcs_worker_tui.sandbox.catalogue.spec.document import Scalar, ScalarType, Tree
from spcs_worker_tui.sandbox.families import parse_cpu, parse_memory
from spcs_worker_tui.sandbox.results import SqlError, invalid_spec

Check = Callable[[Tree, str], Any]

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_CPU = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?m?")
_MEMORY = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?(?:Mi?|Gi?)")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_MAX_PORT = 65_535


def invalid(option: str, reason: str) -> SqlError:
    """395018: the value of an option cannot be."""
    return SqlError("395018", "22023", f"Invalid spec: invalid '{option}'. {reason}")


def text(tree: Tree, option: str) -> str:
    """Text that is not empty; a bare number or `true` is not text."""
    if not isinstance(tree, Scalar):
        raise invalid(option, "Value has to be text")
    if tree.type is ScalarType.NOTHING or not tree.text:
        raise invalid(option, "Value is empty")
    if tree.type is not ScalarType.TEXT:
        raise invalid(option, "Value has to be text")
    return tree.text


def matching(pattern: str, meaning: str) -> Check:
    """Text of a form; `meaning` completes `Value has to be …`."""
    compiled = re.compile(pattern)

    def check(tree: Tree, option: str) -> str:
        value = text(tree, option)
        if not compiled.fullmatch(value):
            raise invalid(option, f"Value has to be {meaning}")
        return value

    return check


def name(tree: Tree, option: str) -> str:
    """The name of a container, endpoint or volume (contract 3.1)."""
    value = text(tree, option)
    if not _NAME.fullmatch(value):
        raise invalid(
            option,
            "Value has to have at most 63 lower-case letters, digits and '-', start with a letter "
            "and end with a letter or digit",
        )
    return value


def absolute_path(tree: Tree, option: str) -> str:
    """A path that starts with a slash."""
    value = text(tree, option)
    if not value.startswith("/"):
        raise invalid(option, "Value has to be an absolute path")
    return value


def one_of(*allowed: str) -> Check:
    """One of these words."""

    def check(tree: Tree, option: str) -> str:
        value = text(tree, option)
        if value not in allowed:
            raise invalid(option, f"Value has to be one of {', '.join(allowed)}")
        return value

    return check


def integer(minimum: int, maximum: int = 2**31 - 1) -> Check:
    """A whole number in a range, both ends included."""

    def check(tree: Tree, option: str) -> int:
        written = tree.text if isinstance(tree, Scalar) else ""
        # Longer than any allowed number, and Python refuses to read really long ones.
        if (
            not isinstance(tree, Scalar)
            or tree.type is not ScalarType.INTEGER
            or not re.fullmatch(r"[+-]?[0-9]{1,18}", written)
            or not minimum <= int(written) <= maximum
        ):
            raise invalid(option, f"Value has to be a whole number from {minimum} to {maximum}")
        return int(written)

    return check


port = integer(1, _MAX_PORT)


def boolean(tree: Tree, option: str) -> bool:
    """`true` or `false`, not quoted."""
    if not isinstance(tree, Scalar) or tree.type is not ScalarType.BOOLEAN:
        raise invalid(option, "Value has to be true or false")
    return tree.text.lower() == "true"


def cpu(tree: Tree, option: str) -> str:
    """`0.5`, `2` or `500m`, more than nothing."""
    value = tree.text if isinstance(tree, Scalar) else ""
    if not _CPU.fullmatch(value) or parse_cpu(value) <= 0:
        raise invalid(option, "Value has to be a number of vCPU, such as 0.5 or 500m")
    return value


def memory(tree: Tree, option: str) -> str:
    """`512Mi`, `2G` …: the unit is obligatory."""
    value = tree.text if isinstance(tree, Scalar) else ""
    if not _MEMORY.fullmatch(value) or parse_memory(value) <= 0:
        raise invalid(option, "Value has to be an amount of memory with a unit, M, Mi, G or Gi")
    return value


def environment(tree: Tree, option: str) -> dict[str, str]:
    """A map of variables; values become strings, written as they were (contract 3.1)."""
    if not isinstance(tree, Mapping):
        raise invalid(option, "Value has to be a map")
    variables = {}
    for key, value in tree.items():
        if not _ENVIRONMENT_NAME.fullmatch(key):
            raise invalid(option, f"'{key}' is not a name of an environment variable")
        if not isinstance(value, Scalar):
            raise invalid(key, "Value has to be text")
        if value.type is ScalarType.NOTHING:
            raise invalid(key, "Value is empty")
        variables[key] = value.text
    return variables


def listing(item: Check, maximum: int | None = None) -> Check:
    """A list with at least one element, each passing `item`."""

    def check(tree: Tree, option: str) -> list[Any]:
        if isinstance(tree, Scalar) and tree.type is ScalarType.NOTHING:
            raise invalid(option, "Value is empty")
        if isinstance(tree, (Scalar, Mapping)):
            raise invalid(option, "Value has to be a list")
        if not tree:
            raise invalid(option, "Value is empty")
        if maximum is not None and len(tree) > maximum:
            raise invalid(option, f"There can be at most {maximum}")
        return [item(element, f"{option}[{index}]") for index, element in enumerate(tree)]

    return check


def options(known: Mapping[str, Check], required: Sequence[str] = ()) -> Check:
    """A map with these options and no others; the result has them in the schema's order."""

    def check(tree: Tree, option: str) -> dict[str, Any]:
        if isinstance(tree, Scalar) and tree.type is ScalarType.NOTHING:
            raise invalid(option, "Value is empty")
        if not isinstance(tree, Mapping):
            raise invalid(option, "Value has to be a map")
        for key in tree:
            if key not in known:
                raise invalid_spec(f"unknown option '{key}' for '{option}'")
        for key in required:
            if key not in tree:
                raise invalid_spec(f"missing option '{key}' for '{option}'")
        return {key: each(tree[key], key) for key, each in known.items() if key in tree}

    return check


def anything(tree: Tree, option: str) -> Any:
    """What is in preview and whose shape no source settles: taken as it is."""
    if isinstance(tree, Mapping):
        return {key: anything(value, key) for key, value in tree.items()}
    if not isinstance(tree, Scalar):
        return [anything(item, option) for item in tree]
    if tree.type is ScalarType.BOOLEAN:
        return tree.text.lower() == "true"
    return None if tree.type is ScalarType.NOTHING else tree.text
