"""Run targets and follow coverage, by libFuzzer through Atheris.

    tests/fuzz/run                       all targets, a minute each
    tests/fuzz/run --seconds 3600 dotenv one of them, for an hour
    tests/fuzz/run --runs 5000           so many inputs in place of so many seconds
    tests/fuzz/run --together            all in one process, in turns
    tests/fuzz/run --giants              what is deep and long, at its whole size; two minutes

What breaks a target is kept under the system's directory for temporary files. Put it among the
seeds, without its first byte, together with the correction: the suite runs all of them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from fuzz.giants import giants

Target = Callable[[bytes], None]
SEEDS = Path(__file__).parent / "seeds"
AREAS = ("of_snowflake", "of_prefect", "of_files", "of_others")
SLOWEST = 20
"""Seconds that one input may take at most."""


def main() -> int:
    """Each target in a process of its own, or all in one: libFuzzer ends it."""
    parser = argparse.ArgumentParser(prog="tests/fuzz/run")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all, unless some are named")
    parser.add_argument("--seconds", type=int, default=60, help="for each")
    parser.add_argument("--runs", type=int, default=-1, help="so many inputs, if that is sooner")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--together", action="store_true", help="in one process, in turns")
    parser.add_argument("--giants", action="store_true", help="inputs that are huge, and no others")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.targets or _names()
    if options.giants:
        return _giants(names)
    if options.here:
        return _fuzz(options)
    kept = Path(tempfile.mkdtemp(prefix="spcs-worker-tui-fuzz-"))
    broken = 0
    for turns in [names] if options.together else [[name] for name in names]:
        done = subprocess.run(
            [*_command(options), *turns], cwd=kept, capture_output=True, text=True, check=False
        )
        reached = [line for line in done.stderr.splitlines() if "cov: " in line][-1:]
        word = f"exit status {done.returncode}" if done.returncode else "nothing broke"
        print(f"{', '.join(turns)}: {word}; {''.join(reached)}", flush=True)
        if done.returncode:
            broken += 1
            print(done.stdout, _without_talk(done.stderr), f"kept in {kept}", sep="\n")
    if not broken:
        shutil.rmtree(kept)
    return int(broken > 0)


def _names() -> list[str]:
    return sorted(path.name for path in SEEDS.iterdir())


def _command(options: argparse.Namespace) -> list[str]:
    command = [sys.executable, "-m", "fuzz", "--here", "--seed", str(options.seed)]
    return [*command, "--seconds", str(options.seconds), "--runs", str(options.runs)]


def _targets() -> dict[str, Target]:
    areas = [import_module(f"fuzz.{area}") for area in AREAS]
    return {one.__name__: one for area in areas for one in area.TARGETS}


def _giants(names: Sequence[str]) -> int:
    """Each giant to each of these; what breaks is raised."""
    targets = _targets()
    for giant, data in giants().items():
        print(giant, flush=True)
        for name in names:
            targets[name](data)
    return 0


def _without_talk(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("INFO"))


def _fuzz(options: argparse.Namespace) -> int:
    """Run until the time is over, or something breaks."""
    import atheris

    with atheris.instrument_imports(include=["spcs_worker_tui", "spcs_worker", "dotenv"]):
        targets = _targets()
    chosen = options.targets
    ready = Path(tempfile.mkdtemp(prefix="seeds-", dir="."))
    for number, name in enumerate(chosen):
        for path in (SEEDS / name).iterdir():
            # The first byte says whose turn it is.
            (ready / f"{name}-{path.name}").write_bytes(bytes([number]) + path.read_bytes())

    def one(data: bytes) -> None:
        if data:
            targets[chosen[data[0] % len(chosen)]](data[1:])

    limits = [f"-max_total_time={options.seconds}", f"-runs={options.runs}"]
    limits += [f"-timeout={SLOWEST}", "-max_len=20000", f"-seed={options.seed}"]
    atheris.Setup(["fuzz", *limits, f"-artifact_prefix={ready}/broken-", str(ready)], one)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
