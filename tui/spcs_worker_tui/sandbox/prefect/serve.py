"""Runs Prefect's own command with the garbage collector in a thread of its own.

Prefect on SQLite stands still for up to a minute whenever the machine is busy: the collector, in
the event loop's thread, frees a cursor that a failed statement left, and for that needs the mutex
of its connection; that connection waits, with the mutex, for the write lock; and whoever has the
write lock waits for the event loop. In another thread the collector may wait as long as it likes.
"""

from __future__ import annotations

import gc
import runpy
import threading
import time

_SECONDS = 5.0


def _collect() -> None:
    while True:
        time.sleep(_SECONDS)
        gc.collect()


if __name__ == "__main__":
    gc.disable()
    threading.Thread(target=_collect, name="garbage collector", daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
