"""`python -m spcs_worker`: the container's entry point."""

from __future__ import annotations

import os
import sys

from spcs_worker.run import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
