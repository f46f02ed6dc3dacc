"""The connector without what it would import for features that are not used here.

Connector 5.2.0 imports pandas, numpy, pyarrow and sqlalchemy wherever they happen to be
installed, and Prefect brings sqlalchemy: a third of the time that the import takes (measured, and
more where no bytecode is kept). Without them the connector works as where they are not installed.
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
