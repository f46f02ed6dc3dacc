"""Inputs that no fuzzer comes to by changing small ones: deep, long, and many times the same."""

from __future__ import annotations

from collections.abc import Mapping

_DEEP = 100_000
_LONG = 300_000

GIANTS: Mapping[str, bytes] = {
    "lists": b"[" * _DEEP,
    "closed-lists": b"[" * _DEEP + b"]" * _DEEP,
    "objects": b'{"a":' * _DEEP,
    "deep-value": b'{"spec": ' + b"[" * _DEEP + b"]" * _DEEP + b"}",
    "deep-toml": b"a = " + b"[" * _DEEP + b"]" * _DEEP,
    "inline-tables": b"a = " + b"{b = " * _DEEP + b"1" + b"}" * _DEEP,
    "dotted": b"a." * 3000 + b"a = 1",
    "section": b"[" + b"a." * 3000 + b"a]",
    "items": b"- " * _DEEP,
    "question-marks": b"? " * _DEEP,
    "indented": b"".join(b" " * n + b"a:\n" for n in range(700)),
    "parentheses": b"SELECT " + b"(" * _DEEP,
    "casts": b"SELECT 1" + b"::int" * _DEEP,
    "aliases": b"a0: &a0 [x, x]\n"
    + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)),
    "one-line": b"2024-10-22T01:12:29Z " + b"x" * 1_000_000,
    "blanks": b" " * _LONG,
    "newlines": b"\n" * 20_000,
    "escapes": b"\x1b" * _LONG,
    "titles": b"\x1b]0;" * (_LONG // 4),
    "sequences": b"\x1b[" + b"0;" * (_LONG // 2),
    "quotes": b"'" * _LONG,
    "backslashes": b"\\" * _LONG,
    "dollars": b"$" * _LONG,
    "nothing": b"\x00" * _LONG,
    "no-text": b"\xff" * _LONG,
    "digits": b"9" * _LONG,
    "digits-of-a-key": b"a = " + b"9" * 100_000,
    "marks": "e\u0301".encode() + "\u0301".encode() * 100_000,
    "right-to-left": "\u202e".encode() * 100_000,
    "colons": b":" * _LONG,
    "equals": b"=" * _LONG,
    "dots": b"." * _LONG,
    "stars": b"*" * 100_000 + b"b",
    "ats": b"@" * _LONG,
    "carriage-returns": b"x\r" * (_LONG // 2),
    "step": b'{"stream": "Step ' + b"9" * 6000 + b'/1 : x\\n"}',
}
