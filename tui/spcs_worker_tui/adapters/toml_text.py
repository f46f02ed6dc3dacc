"""TOML texts of whatever making."""

from __future__ import annotations

import tomllib
from typing import Any


def read_toml(text: str) -> dict[str, Any]:
    """The tables of a text.

    Raises:
        tomllib.TOMLDecodeError: It is no TOML; also where Python's reader gives up in another way.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from error
    except ValueError as error:  # integers of more digits than Python converts
        raise tomllib.TOMLDecodeError("a number in it is too long") from error
