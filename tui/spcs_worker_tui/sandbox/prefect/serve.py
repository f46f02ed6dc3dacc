"""Runs Prefect's own command with the garbage collector in a thread of its own.

Prefect on SQLite stands still for up to a minute whenever the machine is busy: the collector, in
the event loop's thread, frees a cursor that a failed statement left, and for that needs the mutex
of its connection; that connection waits, with the mutex, for the write lock; and whoever has the
write lock waits for the event loop. In another thread the collector may wait as long as it likes.
"""

from __future__ import annotations

import gc
import itertools
import runpy
import threading
import time

_SECONDS = 5.0
_ROUNDS = 12
_YOUNG = 1
_ALL = 2


def _collect() -> None:
    # Half a second each time for all that Prefect is made of: of that, only what is new is looked
    # at, and the rest once a minute.
    for number in itertools.count(1):
        time.sleep(_SECONDS)
        gc.collect(_YOUNG if number % _ROUNDS else _ALL)


if __name__ == "__main__":
    gc.disable()
    threading.Thread(target=_collect, name="garbage collector", daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
