"""A console that goes on for ever.

Run it to look at the dashboard without anything behind it::

    PYTHONPATH=tests python -m support.live_console --services 1000 --log-rate 200
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime

from spcs_worker_tui.domain.fleet import (
    ServiceKey,
)
from spcs_worker_tui.domain.log import LogEvent, LogLine, LogSource
from spcs_worker_tui.domain.verdict import JudgedFleet
from support.console import ScriptedConsole, big, demo


class LiveConsole(ScriptedConsole):
    """Goes on for ever: new pictures every few seconds, log lines all the time."""

    def __init__(
        self, make: Callable[[datetime], JudgedFleet], *, every: float, rate: float
    ) -> None:
        super().__init__()
        self._make, self._every, self._rate = make, every, rate

    async def watch(self) -> AsyncIterator[JudgedFleet]:
        while True:
            yield self._make(datetime.now(UTC))
            await asyncio.sleep(self._every)

    async def follow_log(self, key: ServiceKey) -> AsyncIterator[Sequence[LogEvent]]:
        yield self.log
        for number in itertools.count():
            await asyncio.sleep(0.1)
            time_ns = int(datetime.now(UTC).timestamp() * 1e9)
            size = int(self._rate * 0.1 * (number + 1)) - int(self._rate * 0.1 * number)
            if size:
                yield [
                    LogLine(
                        LogSource(i % 3, "worker"),
                        time_ns,
                        f"INFO    | {key.name} line {number}.{i} did something worth a line",
                    )
                    for i in range(size)
                ]


def main() -> None:
    from spcs_worker_tui.ui.app import FleetApp

    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=0)
    parser.add_argument("--log-rate", type=float, default=2)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--theme", default="spcs-dark")
    options = parser.parse_args()
    makers: Mapping[bool, Callable[[datetime], JudgedFleet]] = {
        True: lambda now: big(options.services, now),
        False: demo,
    }
    console = LiveConsole(makers[options.services > 0], every=options.every, rate=options.log_rate)
    FleetApp(console.open, theme=options.theme).run()


if __name__ == "__main__":
    main()
