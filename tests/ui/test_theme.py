"""Every word is readable in every theme, and no style sheet names a colour of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.color import Color

import spcs_worker_tui.ui
from spcs_worker_tui.ui.theme import GROUND_TOKENS, TEXT_TOKENS, THEMES, Palette

RGB = [theme for theme in THEMES if not theme.ansi]


@pytest.mark.parametrize("theme", RGB, ids=lambda theme: theme.name)
@pytest.mark.parametrize("ground", GROUND_TOKENS)
@pytest.mark.parametrize("text", TEXT_TOKENS)
def test_contrast_is_at_least_wcag_aa(theme, ground: str, text: str) -> None:
    above, below = (Color.parse(theme.variables[token]) for token in (text, ground))
    assert contrast(above, below) >= 4.5, f"{text} on {ground} in {theme.name}"


def contrast(one: Color, other: Color) -> float:
    """WCAG 2.1, success criterion 1.4.3."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part / 255) for part in (color.r, color.g, color.b))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_agrees_with_known_values() -> None:
    assert contrast(Color.parse("#000"), Color.parse("#fff")) == pytest.approx(21)
    assert contrast(Color.parse("#767676"), Color.parse("#fff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_theme_has_every_token(theme) -> None:
    palette = Palette(theme.variables, ansi=theme.ansi)
    for token in (*TEXT_TOKENS, *GROUND_TOKENS, "rule"):
        assert palette.style(token).color is not None


def test_the_terminal_theme_uses_only_the_terminals_colours() -> None:
    (theme,) = (theme for theme in THEMES if theme.ansi)
    palette = Palette(theme.variables, ansi=True)
    tokens = {token: theme.variables[token] for token in (*TEXT_TOKENS, *GROUND_TOKENS, "rule")}
    assert all(value.startswith("ansi_") for value in tokens.values())
    assert palette.row("cursor").reverse


def test_style_sheets_name_meanings_not_colours() -> None:
    sheets = list(Path(spcs_worker_tui.ui.__file__).parent.rglob("*.tcss"))
    assert sheets
    for sheet in sheets:
        assert not re.findall(r"#[0-9a-f]{3,8}\s*[;%]", sheet.read_text()), sheet.name
