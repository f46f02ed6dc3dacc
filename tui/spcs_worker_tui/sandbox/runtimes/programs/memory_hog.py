"""An image that takes MEMORY_STEP bytes more every tenth of a second."""

import os
import time

if __name__ == "__main__":
    step = int(os.environ.get("MEMORY_STEP", str(8 * 1024 * 1024)))
    print("hungry", flush=True)  # noqa: T201 - its log
    held = []
    while True:
        held.append(b"x" * step)
        time.sleep(0.1)
