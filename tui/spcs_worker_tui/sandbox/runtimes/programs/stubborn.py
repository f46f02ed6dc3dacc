"""An image that does not follow SIGTERM."""

import os
import signal
import time


def refuse(*_: object) -> None:
    """Say so. Not with `print`, which fails when the signal comes in the middle of another one."""
    os.write(1, b"no\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, refuse)
    print("I do not stop", flush=True)  # noqa: T201 - its log
    while True:
        time.sleep(60)
