"""Inputs that no fuzzer comes to by changing small ones: deep, long, and many times the same."""

from __future__ import annotations

from collections.abc import Mapping


def giants(part: int = 1) -> Mapping[str, bytes]:
    """By name.

    Args:
        part: Which part of their whole size they have. The suite runs them at a tenth of it,
            which is still ten times as deep as Python recurses: seconds instead of minutes.
    """
    deep, long = 100_000 // part, 300_000 // part
    return {
        "lists": b"[" * deep,
        "closed-lists": b"[" * deep + b"]" * deep,
        "objects": b'{"a":' * deep,
        "deep-value": b'{"spec": ' + b"[" * deep + b"]" * deep + b"}",
        "deep-toml": b"a = " + b"[" * deep + b"]" * deep,
        "inline-tables": b"a = " + b"{b = " * deep + b"1" + b"}" * deep,
        "dotted": b"a." * (30 * deep // 1000) + b"a = 1",
        "section": b"[" + b"a." * (30 * deep // 1000) + b"a]",
        "items": b"- " * deep,
        "question-marks": b"? " * deep,
        "indented": b"".join(b" " * n + b"a:\n" for n in range(700 // part + 100)),
        "parentheses": b"SELECT " + b"(" * deep,
        "casts": b"SELECT 1" + b"::int" * deep,
        "aliases": b"a0: &a0 [x, x]\n"
        + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)),
        "one-line": b"2024-10-22T01:12:29Z " + b"x" * (10 * deep),
        "blanks": b" " * long,
        "newlines": b"\n" * (deep // 5),
        "escapes": b"\x1b" * long,
        "titles": b"\x1b]0;" * (long // 4),
        "sequences": b"\x1b[" + b"0;" * (long // 2),
        "quotes": b"'" * long,
        "backslashes": b"\\" * long,
        "dollars": b"$" * long,
        "nothing": b"\x00" * long,
        "no-text": b"\xff" * long,
        "digits": b"9" * long,
        "digits-of-a-key": b"a = " + b"9" * deep,
        "marks": "e\u0301".encode() + "\u0301".encode() * deep,
        "right-to-left": "\u202e".encode() * deep,
        "colons": b":" * long,
        "equals": b"=" * long,
        "dots": b"." * long,
        "stars": b"*" * deep + b"b",
        "ats": b"@" * long,
        "carriage-returns": b"x\r" * (long // 2),
        "step": b'{"stream": "Step ' + b"9" * 6000 + b'/1 : x\\n"}',
    }
