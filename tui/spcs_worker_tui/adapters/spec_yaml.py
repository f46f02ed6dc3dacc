"""Specifications as YAML or JSON text: read with lines, and edited with comments kept."""

from __future__ import annotations

import re
from functools import cache
from io import StringIO
from threading import Lock
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from spcs_worker_tui.adapters.yaml_depth import check_depth
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.spec_source import Listing, Mapping, Node, Scalar
from spcs_worker_tui.domain.spec_text import needs_quotes
from spcs_worker_tui.domain.text import one_line

# `- ` further to the right than the name of the list above it.
_INDENTED_LIST = re.compile(r"^( *)[^\s#-][^\n]*:[^\n]*\n(?:\s*#[^\n]*\n)*\1 +- ", re.MULTILINE)
MOST_NODES = 20_000
"""Far above any real specification; aliases of aliases multiply beyond every bound."""
MOST_DEPTH = 40
_READING = Lock()
"""A composer keeps its place in itself, and specifications are read in several threads."""


class SpecFormatError(ConfigurationError):
    """The text is no YAML that a specification could be."""


def read_spec(text: str) -> Node:
    """The document as it was written.

    Raises:
        SpecFormatError: It is neither YAML nor JSON, is empty, or is absurdly large.
    """
    try:
        check_depth(text)
        with _READING:
            root = _composer().compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}: " if mark is not None else ""
        problem = one_line(error.problem or "it cannot be read", 200)
        raise SpecFormatError(
            f"{line}not valid YAML: {problem}",
            next_step="Look at that line and the one before it: indentation, colons and quotes.",
        ) from error
    # An escape such as "\UFFFFFFFF" names no character.
    except (YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise SpecFormatError("not valid YAML: it cannot be read") from error
    if root is None:
        raise SpecFormatError("it is empty", next_step="Write a specification into it.")
    return _Builder().build(root, 0)


@cache
def _composer() -> YAML:
    return YAML(typ="safe", pure=True, plug_ins=[])


class _Builder:
    """Turns composed nodes into ours, counting them."""

    def __init__(self) -> None:
        self._nodes = 0

    def build(self, node: Any, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > MOST_DEPTH:
            raise SpecFormatError("it has too many or too deeply nested values")
        line = node.start_mark.line + 1
        if isinstance(node, ScalarNode):
            return Scalar(node.value, node.style is not None, line)
        if isinstance(node, SequenceNode):
            return Listing([self.build(item, depth + 1) for item in node.value], line)
        assert isinstance(node, MappingNode)
        entries = []
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise SpecFormatError(f"line {line}: a field's name has to be plain text")
            name = Scalar(key.value, key.style is not None, key.start_mark.line + 1)
            entries.append((name, self.build(value, depth + 1)))
        return Mapping(entries, line)


def edited(text: str, tree: dict[str, Any]) -> str:
    """The text changed as little as is needed to say what the tree says; comments stay.

    Args:
        text: A valid specification.
        tree: Plain values, as of `SpecDocument.tree`.
    """
    yaml = YAML(typ="rt", pure=True, plug_ins=[])
    yaml.preserve_quotes = True
    yaml.width = 4096
    offset = 2 if _INDENTED_LIST.search(text) else 0
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    document = yaml.load(text)
    _carry_over(document, tree)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _carry_over(old: Any, new: dict[str, Any]) -> None:
    for key in [key for key in old if key not in new]:
        del old[key]
    for key, value in new.items():
        if key in old:
            old[key] = _merged(old[key], value)
        else:
            old[key] = _written(value)


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        _carry_over(old, new)
        return old
    if isinstance(old, list) and isinstance(new, list):
        for index, value in enumerate(new[: len(old)]):
            old[index] = _merged(old[index], value)
        del old[len(new) :]
        old.extend(_written(value) for value in new[len(old) :])
        return old
    return old if _says(old, new) else _written(new)


def _written(value: Any) -> Any:
    """New values, texts in quotes where any reader could take them for something else."""
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, str) and needs_quotes(value):
        return DoubleQuotedScalarString(value)
    return value


def _says(old: Any, new: Any) -> bool:
    """Whether a value of the file already means the new one: `0.5` means "0.5"."""
    return old == new or (isinstance(new, str) and not isinstance(old, bool) and str(old) == new)
