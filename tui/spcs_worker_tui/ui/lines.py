"""What every widget here draws: lines of cells, each a piece of clean text with a tone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size


class Cell(NamedTuple):
    """A piece of one line. `tone` is a name that the palette knows."""

    text: str
    tone: str = "ink"


Line = tuple[Cell, ...]

BLANK: Line = ()


def line(*cells: Cell | str) -> Line:
    """A line of these cells; a bare string is in the tone of plain text."""
    return tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)


def width_of(cells: Iterable[Cell]) -> int:
    """How many terminal cells they take together."""
    return sum(width(cell.text) for cell in cells)


def width(text: str) -> int:
    """How many terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, size: int, *, right: bool = False) -> str:
    """Exactly `size` cells of the text: padded, or cut with an ellipsis at the end."""
    if size <= 0:
        return ""
    taken = width(text)
    if taken > size:
        return set_cell_size(text, size - 1) + "…"
    return " " * (size - taken) + text if right else text + " " * (size - taken)


def fit_tail(text: str, size: int) -> str:
    """Exactly `size` cells, cut at the beginning: for names that differ in their last part."""
    if width(text) <= size:
        return fit(text, size)
    while width(text) > size - 1:
        text = text[1:]
    return fit("…" + text, size)


def justify(left: Line, right: Line, size: int) -> Line:
    """Left and right on one line of `size` cells; the left part gives way first."""
    room = size - width_of(right)
    if room < 1:
        return clip(left, size)
    left = clip(left, room - 1)
    return (*left, Cell(" " * (room - width_of(left)), ""), *right)


def clip(cells: Line, size: int) -> Line:
    """The cells cut to `size`, with an ellipsis where something was cut."""
    if width_of(cells) <= size:
        return cells
    kept: list[Cell] = []
    for cell in cells:
        taken = width(cell.text)
        if taken > size:
            kept.append(Cell(fit(cell.text, size), cell.tone))
            break
        kept.append(cell)
        size -= taken
        if size <= 0:
            break
    return tuple(cell for cell in kept if cell.text)


def wrap(text: str, size: int) -> list[str]:
    """The text in pieces of at most `size` cells, broken at spaces where there are any."""
    size = max(size, 8)
    pieces: list[str] = []
    rest = text
    while width(rest) > size:
        cut = len(set_cell_size(rest, size).rstrip(" ")) or 1
        space = rest.rfind(" ", size // 2, cut + 1)
        cut = space if space > 0 else cut
        pieces.append(rest[:cut].rstrip(" "))
        rest = rest[cut:].lstrip(" ") if space > 0 else rest[cut:]
    pieces.append(rest)
    return pieces
