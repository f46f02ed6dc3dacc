"""Specification text, YAML or JSON, into scalars, lists and mappings as they were written.

Scalars keep their source text: `env: {VERSION: 1.10}` has to reach the container as `1.10`, and a
permission has to be known to have been quoted. Clients send JSON as well as YAML (contract 1.7).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from spcs_worker_tui.sandbox.results import SqlError, invalid_spec


class ScalarType(StrEnum):
    """What an unquoted scalar looks like; a quoted one is always text."""

    TEXT = "str"
    INTEGER = "int"
    DECIMAL = "float"
    BOOLEAN = "bool"
    NOTHING = "null"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as it was written, without its quotes."""

    text: str
    type: ScalarType = ScalarType.TEXT


Tree: TypeAlias = "Scalar | Sequence[Tree] | Mapping[str, Tree]"

MAX_NODES = 20_000
"""Far above any real specification; aliases of aliases multiply beyond every bound."""
MAX_DEPTH = 40


def read(text: str) -> Tree:
    """The tree of one document.

    Raises:
        SqlError: 395018 when it is neither YAML nor JSON, or is absurdly large.
    """
    try:
        if text.lstrip().startswith("{"):
            try:
                return _from_json(text)
            except ValueError:
                pass  # `{a: b}` is YAML but not JSON
        yaml = YAML(typ="safe", pure=True)
        yaml.Composer = _ShallowComposer
        root = yaml.compose(text)
    except MarkedYAMLError as malformed:
        mark = malformed.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise invalid_spec(f"cannot parse it{where}: {malformed.problem}") from malformed
    # ValueError and OverflowError: an escape such as "\UFFFFFFFF" names no character.
    except (YAMLError, ValueError, OverflowError) as malformed:
        raise invalid_spec("cannot parse it as YAML or JSON") from malformed
    except RecursionError:
        raise _too_large() from None
    if root is None:
        raise invalid_spec("it is empty")
    return _Builder().build(root, 0)


def _too_large() -> SqlError:
    return invalid_spec("it has too many or too deeply nested values")


class _ShallowComposer(Composer):
    """Gives up on what is nested too deeply before it has cost seconds."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH + 1:
            raise RecursionError
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Builder:
    """Turns composed nodes into a tree, counting them."""

    def __init__(self) -> None:
        self._nodes = 0

    def build(self, node: Any, depth: int) -> Tree:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise _too_large()
        if isinstance(node, ScalarNode):
            kind = str(node.tag).rpartition(":")[2]
            known = kind in ScalarType._value2member_map_
            return Scalar(node.value, ScalarType(kind) if known else ScalarType.TEXT)
        if isinstance(node, SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        assert isinstance(node, MappingNode)
        tree: dict[str, Tree] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise invalid_spec("an option's name has to be plain text")
            if key.value in tree:
                raise invalid_spec(f"duplicate option '{key.value}'")
            tree[key.value] = self.build(value, depth + 1)
        return tree


def _from_json(text: str) -> Tree:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            raise invalid_spec("duplicate option in an object")
        return found

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    loaded = json.loads(
        text,
        object_pairs_hook=pairs,
        parse_int=lambda digits: Scalar(digits, ScalarType.INTEGER),
        parse_float=lambda digits: Scalar(digits, ScalarType.DECIMAL),
        parse_constant=refuse,
    )
    return _scalars(loaded, 0)


def _scalars(value: Any, depth: int) -> Tree:
    if depth > MAX_DEPTH:
        raise _too_large()
    match value:
        case dict():
            return {key: _scalars(item, depth + 1) for key, item in value.items()}
        case list():
            return [_scalars(item, depth + 1) for item in value]
        case bool():
            return Scalar("true" if value else "false", ScalarType.BOOLEAN)
        case None:
            return Scalar("", ScalarType.NOTHING)
        case Scalar():
            return value
        case _:
            return Scalar(str(value))
