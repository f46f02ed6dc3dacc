"""From bytes to log lines."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.runtimes.output import BYTES_PER_SECOND, LINE_LIMIT, LogPipe


class FakeTransport(asyncio.ReadTransport):
    def __init__(self) -> None:
        super().__init__()
        self.paused = False
        self.closed = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def pipe() -> tuple[LogPipe, FakeTransport, list[str]]:
    lines: list[str] = []
    made, transport = LogPipe(ManualClock(), lambda _, line: lines.append(line)), FakeTransport()
    made.connection_made(transport)
    return made, transport, lines


@given(st.binary(max_size=300), st.integers(1, 20))
def test_however_the_bytes_arrive_the_lines_are_the_same(data: bytes, step: int) -> None:
    async def scenario() -> None:
        made, _, lines = pipe()
        for start in range(0, len(data), step):
            made.data_received(data[start : start + step])
        made.connection_lost(None)
        expected = [part.decode(errors="replace") for part in data.split(b"\n")]
        assert lines == (expected if expected[-1] else expected[:-1])

    asyncio.run(scenario())


async def test_a_line_without_an_end_is_cut() -> None:
    made, _, lines = pipe()
    made.data_received(b"x" * (2 * LINE_LIMIT + 5))
    made.connection_lost(None)
    assert [len(line) for line in lines] == [LINE_LIMIT, LINE_LIMIT, 5]


async def test_whoever_writes_too_fast_has_to_wait() -> None:
    made, transport, lines = pipe()
    line = b"y" * 1023 + b"\n"
    made.data_received(line * (BYTES_PER_SECOND // 1024))
    assert not transport.paused
    made.data_received(line)
    assert transport.paused
    # At the end of the container what is still in the pipe is read without a pause.
    ending = asyncio.create_task(made.drain(10))
    await asyncio.sleep(0)
    assert not transport.paused
    made.connection_lost(None)
    await ending
    assert len(lines) == BYTES_PER_SECOND // 1024 + 1


async def test_a_pipe_that_somebody_holds_open_is_given_up() -> None:
    made, transport, _ = pipe()
    await made.drain(0)
    assert transport.closed
