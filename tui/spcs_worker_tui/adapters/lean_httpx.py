"""httpx, imported without its command line.

Where rich and click are installed, as they are beside Textual and Prefect, `import httpx` imports
the command line of httpx, and with it all of both: half of its time, and more than a hundred
modules, for nobody. None in `sys.modules` is how Python is told that a module is not to be had;
httpx then does without.
"""

from __future__ import annotations

import sys

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # typeshed knows no None

import httpx  # noqa: E402 - after what it must not find

__all__ = ["httpx"]
