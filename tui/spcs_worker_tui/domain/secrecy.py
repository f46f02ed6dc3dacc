"""Which values must not be shown: those that are secrets by their name or by their look."""

from __future__ import annotations

import re

HIDDEN = "(hidden)"
"""Stands for a value that is not shown."""

_WORDS = frozenset(
    {
        "APIKEY", "AUTH", "CREDENTIAL", "CREDENTIALS", "KEY", "PASSPHRASE", "PASSWD", "PASSWORD",
        "PAT", "PRIVATE", "PWD", "SECRET", "TOKEN",
    }
)  # fmt: skip
_HARMLESS = re.compile(r"(?:true|false|yes|no|on|off|[0-9.]+|/[\w./-]*)?\Z", re.IGNORECASE)
# Prefect (prefect-contract 1.2), AWS, GitHub, Slack, Stripe-like, JWT, PEM.
_KEY_SHAPES = re.compile(
    r"pn[ub]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk[-_](?:live_|test_)?[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/@:]*:[^\s/@]+@", re.IGNORECASE)


def looks_like_a_key(name: str, value: str) -> bool:
    """Whether a variable's literal value is probably a credential.

    By the value's shape whatever its name, or by the name unless the value is harmless: empty, a
    number, a word of yes or no, a path of a file that holds the key.

    Args:
        name: The variable.
        value: Its literal value.
    """
    if _KEY_SHAPES.search(value) or _PASSWORD_IN_URL.search(value):
        return True
    words = set(re.split(r"[^A-Z0-9]+", name.upper()))
    return bool(words & _WORDS) and not _HARMLESS.match(value)


def shown(name: str, value: str) -> str:
    """The value, or `HIDDEN` where it is probably a credential."""
    return HIDDEN if looks_like_a_key(name, value) else value
