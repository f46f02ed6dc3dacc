"""Skip where a thing is missing, except in CI, which is supposed to have everything."""

from __future__ import annotations

import os

import pytest


def need(there: bool, what: str) -> None:
    """Skip this test unless `there`; in CI a missing thing is a failure.

    Args:
        there: Whether the thing was found.
        what: What is missing, and how to get it.
    """
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI is supposed to have it: {what}")
    pytest.skip(what)
