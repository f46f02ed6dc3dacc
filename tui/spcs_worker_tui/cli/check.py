"""`--check`: one look or several, and a report."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from spcs_worker_tui.cli.arguments import CHECK_SECONDS, WAIT_SECONDS
from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.console import complain, has_colour, put, say
from spcs_worker_tui.cli.exits import exit_of
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.keys import NOTIFY_VARIABLE
from spcs_worker_tui.domain.verdict import Health, JudgedFleet
from spcs_worker_tui.operations.check import CheckOptions, CheckReport, Resume, check
from spcs_worker_tui.operations.choose import wanted
from spcs_worker_tui.wiring.look import Looks, open_looks


def run_check(options: Namespace) -> int:
    """Check, print, tell who is to be told, and say by the exit status how it is."""
    teller = None
    if options.notify or options.notify_changes or os.environ.get(NOTIFY_VARIABLE):
        from spcs_worker_tui.cli.notify import teller_of  # noqa: PLC0415

        teller = teller_of(options)
    reports: list[CheckReport] = []
    # What a coroutine returns, asyncio.run shows to `signal`, which makes a text of all of it.
    asyncio.run(_check(options, reports.append))
    (report,) = reports
    if options.json:
        from spcs_worker_tui.cli.report_json import as_json  # noqa: PLC0415

        # Laid out for people only: that costs the pure Python encoder of json.
        put(as_json(report, indented=sys.stdout.isatty()))
    elif options.prometheus:
        from spcs_worker_tui.cli.report_prometheus import as_prometheus  # noqa: PLC0415

        sys.stdout.write(as_prometheus(report))
    else:
        from spcs_worker_tui.cli.report_table import table  # noqa: PLC0415

        for line in table(report, colour=has_colour(sys.stdout)):
            put(line)
    _talk(report)
    if teller is not None:
        from spcs_worker_tui.cli.notify import tell  # noqa: PLC0415

        tell(teller, report)
    return exit_of(report.health)


async def _check(options: Namespace, done: Callable[[CheckReport], None]) -> None:
    seconds = options.timeout or (WAIT_SECONDS if options.wait else CHECK_SECONDS)
    asked = CheckOptions(
        patterns=tuple(options.service),
        require_running=options.require_running,
        wait=options.wait,
        seconds=seconds,
        interval=options.interval,
    )
    judge = Judge()
    async with _opened(options) as (looks, resume):

        async def look() -> JudgedFleet:
            chosen = wanted(asked.patterns) if asked.patterns else None
            limit = min(seconds, CHECK_SECONDS)
            return await looks.look(chosen, limit, judge, images=options.sync)

        said = ""

        def progress(report: CheckReport) -> None:
            nonlocal said
            if (text := _summary(report)) != said:
                say(text)
            said = text

        done(await check(look, looks.clock, asked, progress, resume=resume))


@asynccontextmanager
async def _opened(options: Namespace) -> AsyncIterator[tuple[Looks, Resume | None]]:
    """What looks, and what resumes if that is wanted."""
    ask = ask_at_terminal()
    if not options.resume_if_late:
        async with open_looks(options.connection, ask=ask) as looks:
            yield looks, None
        return
    # Everything that plans and applies takes time to import, and is for nobody else.
    from spcs_worker_tui.operations.resume_late import ResumeLate  # noqa: PLC0415
    from spcs_worker_tui.wiring.bench import open_bench  # noqa: PLC0415

    async with open_bench(options.connection, read_only=options.read_only, ask=ask) as bench:
        yield bench, ResumeLate(lambda judged: bench.lifecycle(judged.snapshot))


def _talk(report: CheckReport) -> None:
    """What is not data: remarks, what was resumed, and the sum of it all."""
    sys.stdout.flush()
    for done in report.resumptions:
        if done.error is None:
            say(f"{done.service}: resumed, since flow runs wait for it.")
        else:
            complain(FleetError(f"{done.service}: {done.error}", next_step=done.error.next_step))
    for remark in report.remarks:
        say(remark)
    say(_summary(report))


def _summary(report: CheckReport) -> str:
    """`broken: 7 services, 2 healthy, 1 broken; 1 of 3 connections failed`."""
    total = sum(report.counts.values())
    counts = [f"{count} {health}" for health, count in report.counts.items() if count]
    text = f"{report.health}: {total} service{'' if total == 1 else 's'}"
    if len(counts) > 1 or (counts and report.health is not Health.HEALTHY):
        text += f", {', '.join(counts)}"
    if failed := len(report.failed_connections):
        all_of_them = len(report.judged.snapshot.connections)
        text += f"; {failed} of {all_of_them} connections failed"
    return text
