"""What to do next, in words of the command line."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.console import PROGRAM
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.verdict import Remedy, Verdict

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

_VERBS: dict[Remedy, tuple[str, ...]] = {
    Remedy.READ_LOG: ("logs",),
    Remedy.RESUME: ("resume",),
    Remedy.RESTART: ("logs", "suspend", "resume"),
    Remedy.LOOK_AGAIN: (),  # whoever reads this knows how to look
}


def commands(verdict: Verdict, key: ServiceKey) -> tuple[str, ...]:
    """The commands of this program that help, in their order, ready for a shell."""
    verbs = _VERBS[verdict.remedy] if verdict.remedy else ()
    return tuple(f"{PROGRAM} {verb} {shlex.quote(one_line(str(key)))}" for verb in verbs)


def next_step(verdict: Verdict, key: ServiceKey) -> str:
    """What to do next, with the commands for it."""
    text = one_line(verdict.next_step, 300)
    helpful = "; ".join(commands(verdict, key))
    return f"{text}: {helpful}" if text and helpful else text
