"""PUT, LIST and REMOVE (contract 1.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import unsupported
from spcs_worker_tui.sandbox.sql.ast import ListFiles, Put, RemoveFiles
from spcs_worker_tui.sandbox.sql.tokens import TokenKind

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.sql.stream import TokenStream

_PUT_OPTIONS = frozenset({"PARALLEL", "AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE"})


def put(stream: TokenStream) -> Put:
    """What follows the word PUT; the source may be quoted."""
    if stream.token.kind is TokenKind.STRING and stream.token.value.lower().startswith("file://"):
        source = stream.advance().value
    else:
        source = stream.take(TokenKind.FILE).value
    target = stream.stage()
    return Put(source, target, stream.properties(_PUT_OPTIONS))


def get(_stream: TokenStream) -> Put:
    """GET is understood and not offered."""
    raise unsupported("GET")


def list_files(stream: TokenStream) -> ListFiles:
    """What follows LIST or LS."""
    return ListFiles(stream.stage(), _pattern(stream))


def remove_files(stream: TokenStream) -> RemoveFiles:
    """What follows REMOVE or RM."""
    return RemoveFiles(stream.stage(), _pattern(stream))


def _pattern(stream: TokenStream) -> str | None:
    if not stream.accept("PATTERN"):
        return None
    stream.expect_symbol("=")
    return stream.string()
