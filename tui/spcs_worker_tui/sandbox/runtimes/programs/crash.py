"""An image that ends after CRASH_AFTER seconds with the exit code CRASH_CODE."""

import os
import sys
import time

if __name__ == "__main__":
    print("starting", flush=True)  # noqa: T201 - its log
    time.sleep(float(os.environ.get("CRASH_AFTER", "0.2")))
    print("cannot go on", file=sys.stderr, flush=True)  # noqa: T201
    sys.exit(int(os.environ.get("CRASH_CODE", "1")))
