"""The connector without what it would import for features that are not used here.

Connector 5.2.0 imports pandas, numpy, pyarrow and sqlalchemy wherever they happen to be
installed, and Prefect brings sqlalchemy: 0.6 of 1.15 s (measured). Without them the connector
works as where they are not installed; results are read as JSON rows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

UNUSED = ("sqlalchemy", "pandas", "numpy", "pyarrow")


@contextmanager
def without_unused() -> Iterator[None]:
    """While this lasts, the packages that the connector can do without look as if missing.

    One that is imported already is left alone.
    """
    hidden = [name for name in UNUSED if name not in sys.modules]
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]
    modules.update(dict.fromkeys(hidden))  # None is how Python says: not to be found
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
