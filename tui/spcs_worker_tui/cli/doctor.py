"""`doctor`: looks at everything, says what helps, and mends what it can when asked to."""

from __future__ import annotations

import asyncio
import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.console import complain, has_colour, put, say
from spcs_worker_tui.cli.exits import Exit, exit_of
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.report_doctor import as_json, for_pipe, for_terminal
from spcs_worker_tui.domain.doctor import Finding, Fix, Outcome, worst
from spcs_worker_tui.domain.errors import FleetError, PlanRefusedError
from spcs_worker_tui.wiring.doctor import open_doctor

if TYPE_CHECKING:
    from spcs_worker_tui.operations.doctor import Doctor


def run_doctor(options: Namespace) -> int:
    """Look, report, perhaps mend and look again; the exit status is of what was found last."""
    return asyncio.run(_run(options))


async def _run(options: Namespace) -> int:
    async with open_doctor(
        options.connection, environment=options.env, read_only=options.read_only
    ) as doctor:
        findings = await _look(doctor, options)
        if options.fix and await _mend(doctor, findings, options):
            say("Looking again.")
            findings = await _look(doctor, options)
    return exit_of(worst(findings))


async def _look(doctor: Doctor, options: Namespace) -> Sequence[Finding]:
    async with aclosing(doctor.examine()) as found:
        findings = [finding async for finding in found]
    if options.json:
        put(as_json(findings))
    elif sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        colour = has_colour(sys.stdout)
        for line in for_terminal(findings, width, colour=colour, every=options.all):
            put(line)
    else:
        for line in for_pipe(findings):
            put(line)
    sys.stdout.flush()
    say(_summary(findings))
    return findings


def _summary(findings: Sequence[Finding]) -> str:
    """`broken: 31 findings, 28 ok, 2 notice, 1 problem`."""
    counts = dict.fromkeys(Outcome, 0)
    for finding in findings:
        counts[finding.outcome] += 1
    parts = [f"{count} {outcome}" for outcome, count in counts.items() if count]
    return f"{worst(findings)}: {len(findings)} findings, {', '.join(parts) or 'none'}"


async def _mend(doctor: Doctor, findings: Sequence[Finding], options: Namespace) -> bool:
    """Apply the fixes one after the other; whether anything was done."""
    fixes: list[Fix] = []
    for finding in findings:
        if finding.fix is not None and finding.fix not in fixes:
            fixes.append(finding.fix)
    if not fixes:
        say("Nothing of it can be mended from here.")
        return False
    done = False
    for fix in fixes:
        try:
            change = await doctor.plan(fix)
            status = await carry_out(change, options)
        except PlanRefusedError as error:
            complain(error)
            continue
        except FleetError as error:
            complain(error)
            if options.dry_run or options.yes:
                continue
            raise
        done = done or (status != Exit.DEGRADED and not change.plan.is_empty)
    return done and not options.dry_run
