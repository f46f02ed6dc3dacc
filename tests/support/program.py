"""The program itself, as a process of its own with a home of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
"""Generous: many tests share two cores."""


@dataclass(frozen=True)
class Answer:
    """What a run of the program left."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The first line on standard error."""
        return self.err.splitlines()[0] if self.err else ""


@dataclass
class Program:
    """Runs the program; `home` is SNOWFLAKE_HOME and HOME of its processes."""

    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "SNOWFLAKE_HOME": str(self.home),
            "NO_PROXY": "127.0.0.1",
            **more,
        }

    async def start(
        self, *arguments: str, stdin: int = asyncio.subprocess.DEVNULL, **variables: str
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "spcs_worker_tui.cli.main"),
            *arguments,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # Not the checkout, whose spcs-worker.toml is nobody's here.
            cwd=self.home,
            env=self.environment(**variables),
        )

    async def run(
        self, *arguments: str, given: str | bytes | None = None, **variables: str
    ) -> Answer:
        """Run it to its end; `given` is what it reads from a pipe, without any: from nowhere."""
        stdin = asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE
        data = given.encode() if isinstance(given, str) else given
        async with ended(await self.start(*arguments, stdin=stdin, **variables)) as process:
            out, err = await asyncio.wait_for(process.communicate(data), SECONDS)
        assert process.returncode is not None
        return Answer(process.returncode, out.decode(), err.decode())


@asynccontextmanager
async def ended(
    process: asyncio.subprocess.Process,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process does not outlive this context."""
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line_with(stream: asyncio.StreamReader | None, words: Sequence[str]) -> str:
    """Read on to the first line that has all these words."""
    assert stream is not None
    async with asyncio.timeout(SECONDS):
        async for line in stream:
            text = line.decode()
            if all(word in text for word in words):
                return text
    raise AssertionError(f"no line with {words}")
