"""An image that does not follow SIGTERM."""

import signal
import time

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))  # noqa: T201 - its log
    print("I do not stop", flush=True)  # noqa: T201
    while True:
        time.sleep(60)
