"""`{{ name }}` in a specification template, filled by USING (contract 3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import SqlError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.sql.ast import Literal

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_EXPRESSION = re.compile(
    r"\s*(?P<name>[A-Za-z_]\w*)\s*"
    r"(?:\|\s*default\(\s*(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<bare>[\w.-]+))\s*"
    r"(?:,\s*(?P<also_empty>[Tt]rue|[Ff]alse)\s*)?\)\s*)?",
)


def cannot_render(reason: str) -> SqlError:
    """395069: a template, or the file that it should be in (contract 1.14)."""
    return SqlError(
        "395069", "23001", f"Unable to render service spec from given template: {reason}"
    )


def render_template(template: str, using: Mapping[str, Literal]) -> str:
    """The specification that a template and its values make.

    Args:
        template: With `{{ name }}` and `{{ name | default('v', <bool>) }}`.
        using: Values by name, written as in the statement; templates tell the cases apart.

    Raises:
        SqlError: 395069 for a place that is malformed, or has neither a value nor a default.
    """

    def fill(place: re.Match[str]) -> str:
        expression = _EXPRESSION.fullmatch(place[1])
        if expression is None:
            raise cannot_render(f"invalid expression '{place[1].strip()}'.")
        value = using.get(expression["name"])
        defaults = (expression["single"], expression["double"], expression["bare"])
        default = next((found for found in defaults if found is not None), None)
        # Without a source for the flag's meaning it is Jinja's: replace an empty value too.
        also_empty = (expression["also_empty"] or "").lower() == "true"
        if value is None or (value == "" and also_empty):
            value = default
        if value is None:
            raise cannot_render(f"no value for variable '{expression['name']}'.")
        return str(value).lower() if isinstance(value, bool) else str(value)

    return _PLACE.sub(fill, template)
