"""How what is there, what is made and what is lacking is written. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.setup import Piece, PieceState, Survey
from spcs_worker_tui.ui.screens.setup.page import marked, told

if TYPE_CHECKING:
    from spcs_worker_tui.ui.format import Glyphs
    from spcs_worker_tui.ui.lines import Line

_TONES = {
    PieceState.THERE: "verdict-healthy",
    PieceState.MADE: "accent",
    PieceState.CHANGED: "verdict-degraded",
    PieceState.LACKING: "verdict-broken",
}
_WORDS = {
    PieceState.THERE: "is there",
    PieceState.MADE: "will be made",
    PieceState.CHANGED: "will be changed",
    PieceState.LACKING: "is missing",
}


IMAGE = "image"
"""The piece that is a step of its own."""


def refuse_lacking(pieces: Sequence[Piece]) -> None:
    """Say what keeps the set-up from going on.

    Raises:
        PlanRefusedError: Something is lacking.
    """
    lacking = [piece for piece in pieces if piece.state is PieceState.LACKING]
    if not lacking:
        return
    if any(piece.asks for piece in lacking):
        raise PlanRefusedError(
            "this role may not do all of it",
            next_step="Have an administrator run the statements above, then press enter: it is "
            "looked at again.",
        )
    words = "; ".join(f"{piece.title}: {piece.detail.rstrip('.')}" for piece in lacking)
    raise PlanRefusedError(words, next_step="Change it, or press enter to look again.")


def piece_lines(pieces: Sequence[Piece], glyphs: Glyphs, room: int) -> list[Line]:
    """What is there, what will be made, what is lacking."""
    signs = {
        PieceState.THERE: glyphs.done,
        PieceState.MADE: "+",
        PieceState.CHANGED: "~",
        PieceState.LACKING: glyphs.failed,
    }
    lines: list[Line] = []
    for piece in pieces:
        words = f"{piece.title}: {piece.detail or _WORDS[piece.state]}"
        if piece.costs:
            words += f"; {piece.costs}"
        lines += marked(signs[piece.state], _TONES[piece.state], words, room)
    return lines


def ask_lines(survey: Survey, room: int) -> list[Line]:
    """What an administrator has to run first; nothing where nothing is lacking."""
    if not survey.asks:
        return []
    first = "This role may not do all of it. An administrator has to run, once (F2 copies):"
    lines: list[Line] = [(), *told(first, room, "verdict-degraded")]
    for ask in survey.asks:
        lines += [line for row in ask.splitlines() for line in told(row, room, "accent")]
    return lines


def asked_text(survey: Survey | None) -> str:
    """The statements, for the clipboard."""
    return "".join(f"{ask.rstrip().rstrip(';')};\n" for ask in survey.asks) if survey else ""
