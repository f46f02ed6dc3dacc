"""One container's tail while things happen at random, also between two questions of one poll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from spcs_worker_tui.domain.errors import SnowflakeUnreachableError
from support.service_log import Line, ServerLog, check_events
from support.tail_bench import Bench, texts

# What happens, and how often the tail is asked meanwhile.
_size = st.sampled_from([0, 20, 300, 2_000])
_burst = st.tuples(
    st.just("write"),
    st.one_of(st.integers(0, 20), st.integers(80, 140), st.integers(0, 3000)),
    _size,
    st.sampled_from(["apart", "tied", "jumbled"]),
)
_happening = st.one_of(
    _burst, _burst, st.just(("restart",)), st.just(("replace",)), st.just(("fail",))
)
_steps = st.lists(st.one_of(st.just("poll"), st.just("poll"), _happening), min_size=1, max_size=25)


class Script:
    """Writes what the script says; some of it between two calls of one poll."""

    def __init__(self, bench: Bench, between: list[tuple[object, ...]]) -> None:
        self.bench = bench
        self.between = between
        self.time = 0
        self.serial = 0
        self.failing = False
        bench.log.before_each_call = self.call

    def call(self) -> None:
        if self.between:
            self.do(*self.between.pop())
        if self.failing:
            self.failing = False
            raise SnowflakeUnreachableError("gone")

    def do(self, what: object, *arguments: object) -> None:
        if what == "restart":
            self.bench.log.restart()
        elif what == "replace":
            self.bench.log.replace()
        elif what == "fail":
            self.failing = True
        else:
            count, size, manner = arguments
            assert isinstance(count, int)
            assert isinstance(size, int)
            for _ in range(count):
                self.serial += 1
                self.write(size, manner)

    def write(self, size: int, manner: object) -> None:
        if manner == "tied":  # equal lines, three to a time stamp
            self.time += self.serial % 3 == 0
            self.bench.log.write((self.time * 1000, "tied" + "x" * size))
            return
        self.time += 1
        late = 500_000 if manner == "jumbled" and self.serial % 4 == 0 else 0
        self.bench.log.write((self.time * 1000 - late, f"{self.serial}" + "x" * size))


@settings(max_examples=150, deadline=None)
@given(
    steps=_steps,
    between=st.lists(_happening, max_size=6),
    limit=st.sampled_from([100_000, 65_000, 10_000_000]),
)
async def test_whatever_happens_each_line_is_shown_once_or_in_a_gap(
    steps: list[object], between: list[tuple[object, ...]], limit: int
) -> None:
    bench = Bench(ServerLog(limit_bytes=limit))
    script = Script(bench, between)
    for step in [*steps, *["poll"] * 12]:
        if isinstance(step, tuple):
            script.do(*step)
            continue
        try:
            await bench.poll()
        except SnowflakeUnreachableError:
            bench.events += bench.tail.drain()
    assert check_events(bench.log.written, bench.events) == 0


@settings(max_examples=60, deadline=None)
@given(
    bursts=st.lists(
        st.tuples(st.integers(0, 550), st.sampled_from([0, 20, 50]), st.booleans()), max_size=12
    )
)
async def test_what_the_server_can_return_is_never_a_gap(
    bursts: list[tuple[int, int, bool]],
) -> None:
    bench = Bench()
    bench.write(1)
    await bench.poll()
    for count, size, restarts in bursts:
        bench.write(count, size=size)
        if restarts:
            bench.log.restart()
        await bench.poll()
    assert not bench.gaps
    bench.check()


@dataclass
class NotedLog(ServerLog):
    """Remembers what it answered."""

    told: set[str] = field(default_factory=set)

    async def ask(self, lines: int, previous: bool) -> Sequence[Line]:
        answer = await super().ask(lines, previous)
        self.told |= {text for _, text in answer}
        return answer


_bursts = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 20), st.integers(80, 140), st.integers(0, 3000)),
        st.sampled_from([0, 20, 300]),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(bursts=_bursts)
async def test_whatever_was_answered_is_shown_while_it_goes_on_writing(
    bursts: list[tuple[int, int]],
) -> None:
    log = NotedLog()
    bench = Bench(log)
    bench.write(1)
    await bench.poll()
    left = bursts[::-1]

    def write() -> None:
        if left:
            count, size = left.pop()
            bench.write(count, size=size)

    log.before_each_call = write
    while left:
        await bench.poll()
    await bench.poll()
    shown = texts(bench.events)
    assert log.told <= set(shown)
    assert len(shown) == len(set(shown))
    bench.check()


async def test_first_words_that_are_gone_when_the_restart_is_known_are_shown() -> None:
    log = NotedLog()
    bench = Bench(log)
    bench.write(50)
    await bench.poll()
    before = log.row()
    log.restart()
    bench.write(400)
    calls = iter(range(100))

    def write() -> None:
        if next(calls) == 3:  # after an answer, a look, and the last words of the life before
            bench.write(5_000)

    log.before_each_call = write
    await bench.tail.poll(before)
    bench.events += bench.tail.drain()
    await bench.poll()
    assert log.told <= set(texts(bench.events))
    bench.check()
