"""Every seed, giants, and a short run that follows coverage; `tests/fuzz/run` takes longer."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz import of_files, of_others, of_prefect, of_snowflake
from fuzz.giants import giants

SEEDS = Path(__file__).parent / "seeds"
TARGETS = {
    target.__name__: target
    for area in (of_snowflake, of_prefect, of_files, of_others)
    for target in area.TARGETS
}
GIANTS = giants(part=10)
HAS_ATHERIS = sys.platform == "linux" and platform.machine() == "x86_64"
"""Elsewhere there is none to install."""


def seeds_of(name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((SEEDS / name).iterdir())}


def test_every_target_has_seeds() -> None:
    assert {path.name for path in SEEDS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_every_seed(name: str) -> None:
    found = seeds_of(name)
    assert found
    for data in found.values():
        TARGETS[name](data)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_seeds_become_when_they_are_cut_and_mixed(name: str) -> None:
    target: Callable[[bytes], None] = TARGETS[name]
    seeds = st.sampled_from(list(seeds_of(name).values()))
    odd = st.sampled_from([b"\x00", b"\x1b[31m", b"\xff", b"'", b'"', b"$$", b"[" * 50, b"\r", b""])
    pieces = st.lists(st.one_of(odd, st.binary(max_size=8)), max_size=3)

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(seeds, seeds, st.integers(0, 2000), st.integers(0, 2000), pieces)
    def mixed(one: bytes, other: bytes, cut: int, on: int, between: list[bytes]) -> None:
        target(one[:cut] + b"".join(between) + other[on:])

    mixed()


@pytest.mark.parametrize("giant", sorted(GIANTS))
def test_giants(giant: str) -> None:
    for target in TARGETS.values():
        target(GIANTS[giant])


@pytest.mark.skipif(not HAS_ATHERIS, reason="no Atheris for this platform")
def test_a_short_run_that_follows_coverage(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fuzz", "--runs", "1500", "--seed", "1", "--together"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    environment["TMPDIR"] = str(tmp_path)
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cov: " in done.stdout
