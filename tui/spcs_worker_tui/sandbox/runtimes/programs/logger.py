"""An image that writes a line every LOG_INTERVAL seconds, to stdout and stderr in turn."""

import itertools
import os
import sys
import time

if __name__ == "__main__":
    interval = float(os.environ.get("LOG_INTERVAL", "1"))
    for number in itertools.count(1):
        stream = sys.stdout if number % 2 else sys.stderr
        print(f"line {number}", file=stream, flush=True)
        time.sleep(interval)
