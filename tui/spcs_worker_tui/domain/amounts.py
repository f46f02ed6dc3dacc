"""Amounts of cpu and memory as specifications write them (contract 3.1)."""

from __future__ import annotations

import re
from fractions import Fraction

_CPU = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(m?)")
_MEMORY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(Mi?|Gi?)")
_UNITS = {"M": 10**6, "Mi": 2**20, "G": 10**9, "Gi": 2**30}


def cpu_of(text: str) -> Fraction | None:
    """Number of vCPU in `0.5` or `500m`; None for anything else."""
    match = _CPU.fullmatch(text)
    if match is None:
        return None
    return Fraction(match[1]) / (1000 if match[2] else 1)


def memory_of(text: str) -> Fraction | None:
    """Bytes in `512Mi` or `2G`; None for anything else."""
    match = _MEMORY.fullmatch(text)
    return None if match is None else Fraction(match[1]) * _UNITS[match[2]]
