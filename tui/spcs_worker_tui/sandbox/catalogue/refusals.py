"""Refusals that several kinds of statement share, beyond those of `results`."""

from __future__ import annotations

from spcs_worker_tui.sandbox.results import SqlError, Table, status

EXECUTED = "Statement executed successfully."


def executed() -> Table:
    """What ALTER, GRANT and USE answer (contract 1.14)."""
    return status(EXECUTED)


def refused(message: str) -> SqlError:
    """A refusal that is certain, but whose code and text no source settles (contract 10).

    The class of the SQLSTATE is the one that section 10 suggests; the code is the sandbox's own.
    """
    return SqlError("395000", "22023", message)


def invalid_value(parameter: str, value: object) -> SqlError:
    """001008: a property cannot have that value."""
    return SqlError(
        "001008",
        "22023",
        f"SQL compilation error:\ninvalid value [{value}] for parameter '{parameter}'",
    )
