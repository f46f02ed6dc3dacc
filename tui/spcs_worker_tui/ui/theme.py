"""Colours by meaning: three themes, the tokens they all define, and the styles made of them.

Style sheets use the tokens as `$verdict-broken` or `$muted`; widgets that draw their own lines
ask the `Palette` for a tone of the same name. A tone is never the only sign: a word or a glyph
always says the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from spcs_worker_tui.domain.verdict import Health

DARK = "spcs-dark"
LIGHT = "spcs-light"
TERMINAL = "spcs-terminal"

SOURCES = 6
"""How many tones tell log sources apart before they repeat."""

TEXT_TOKENS = (
    "ink",
    "muted",
    "accent",
    *(f"verdict-{health}" for health in Health),
    *(f"source-{number}" for number in range(SOURCES)),
)
"""Tokens that words are written in: each must be readable on each of `GROUND_TOKENS`."""

GROUND_TOKENS = ("ground", "raised", "cursor-row", "cursor-row-blurred")
"""Tokens that lie under words."""

_DARK_TOKENS = {
    "ground": "#0d1117",
    "raised": "#161c24",
    "cursor-row": "#16344a",
    "cursor-row-blurred": "#1d252f",
    "rule": "#303a46",
    "ink": "#dbe2ea",
    "muted": "#93a0b0",
    "accent": "#57c4f2",
    "verdict-healthy": "#6fd28b",
    "verdict-degraded": "#edbb55",
    "verdict-broken": "#ff8980",
    "verdict-suspended": "#9aa8b9",
    "verdict-unknown": "#c9aef8",
    "source-0": "#7fc4ff",
    "source-1": "#9ad7a0",
    "source-2": "#e2b5ee",
    "source-3": "#eec781",
    "source-4": "#80d6cd",
    "source-5": "#f0a9a4",
}
_LIGHT_TOKENS = {
    "ground": "#fcfcfd",
    "raised": "#eef1f5",
    "cursor-row": "#d3e8f8",
    "cursor-row-blurred": "#e5e9ef",
    "rule": "#c8d0d9",
    "ink": "#1b232d",
    "muted": "#4f5b69",
    "accent": "#075d92",
    "verdict-healthy": "#136630",
    "verdict-degraded": "#7c4f00",
    "verdict-broken": "#ad1f18",
    "verdict-suspended": "#4f5d6e",
    "verdict-unknown": "#6a37ae",
    "source-0": "#0a559b",
    "source-1": "#246318",
    "source-2": "#7f338f",
    "source-3": "#704f00",
    "source-4": "#0a605c",
    "source-5": "#993232",
}
_TERMINAL_TOKENS = {
    "ground": "ansi_default",
    "raised": "ansi_default",
    "cursor-row": "ansi_default",
    "cursor-row-blurred": "ansi_default",
    "rule": "ansi_bright_black",
    "ink": "ansi_default",
    "muted": "ansi_default",
    "accent": "ansi_cyan",
    "verdict-healthy": "ansi_green",
    "verdict-degraded": "ansi_yellow",
    "verdict-broken": "ansi_red",
    "verdict-suspended": "ansi_default",
    "verdict-unknown": "ansi_magenta",
    "source-0": "ansi_cyan",
    "source-1": "ansi_green",
    "source-2": "ansi_magenta",
    "source-3": "ansi_yellow",
    "source-4": "ansi_blue",
    "source-5": "ansi_default",
}

DEFAULT_TOKENS: Mapping[str, str] = _DARK_TOKENS
"""What the tokens are in a theme that does not define them."""


def _theme(name: str, tokens: Mapping[str, str], *, dark: bool, ansi: bool = False) -> Theme:
    return Theme(
        name=name,
        primary=tokens["accent"],
        secondary=tokens["accent"],
        accent=tokens["accent"],
        success=tokens["verdict-healthy"],
        warning=tokens["verdict-degraded"],
        error=tokens["verdict-broken"],
        foreground=tokens["ink"],
        background=tokens["ground"],
        surface=tokens["ground"],
        panel=tokens["raised"],
        dark=dark,
        ansi=ansi,
        variables={
            # What Textual's own style sheets ask for where colours are the terminal's.
            **(BUILTIN_THEMES["ansi-dark"].variables if ansi else {}),
            **tokens,
            "border": tokens["accent"],
            "border-blurred": tokens["rule"],
            "scrollbar": tokens["rule"],
            "scrollbar-hover": tokens["muted"],
            "scrollbar-active": tokens["accent"],
            "scrollbar-background": tokens["ground"],
            "scrollbar-background-hover": tokens["ground"],
            "scrollbar-background-active": tokens["ground"],
            "scrollbar-corner-color": tokens["ground"],
        },
    )


THEMES = (
    _theme(DARK, _DARK_TOKENS, dark=True),
    _theme(LIGHT, _LIGHT_TOKENS, dark=False),
    _theme(TERMINAL, _TERMINAL_TOKENS, dark=True, ansi=True),
)


@dataclass(slots=True)
class Palette:
    """The styles of one theme, by tone.

    A tone is a token's name, with the attributes that it carries everywhere after a space:
    `"ink bold"`. Dim, italic, underline and strike are known besides bold.
    """

    variables: Mapping[str, str]
    ansi: bool = False
    _styles: dict[str, Style] = field(default_factory=dict)

    def style(self, tone: str) -> Style:
        """The foreground style of a tone; the empty tone has none."""
        if (style := self._styles.get(tone)) is None:
            style = self._styles[tone] = self._make(tone)
        return style

    def row(self, state: str) -> Style:
        """What a row in that state adds to all of its cells: cursor, blurred, or nothing."""
        if state == "cursor":
            if self.ansi:
                # One block of the terminal's own two colours: reversed tones would be patches.
                return Style(color="default", bgcolor="default", reverse=True, dim=False)
            return Style(bgcolor=self._color("cursor-row"), bold=True)
        if state == "blurred":
            if self.ansi:
                return Style(underline=True)
            return Style(bgcolor=self._color("cursor-row-blurred"))
        return Style.null()

    def _make(self, tone: str) -> Style:
        name, *attributes = tone.split() or [""]
        has = set(attributes)
        color = Color.parse(self.variables[name]).rich_color if name in self.variables else None
        return Style(
            color=color,
            bold="bold" in has or None,
            # The terminal's own palette has no grey that is readable on every ground.
            dim="dim" in has or (self.ansi and name in {"muted", "rule"}) or None,
            italic="italic" in has or None,
            underline="underline" in has or None,
            strike="strike" in has or None,
        )

    def _color(self, token: str) -> str:
        return Color.parse(self.variables[token]).hex6
