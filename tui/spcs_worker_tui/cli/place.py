"""Where the program operates: the user's saved connections, or a sandbox made for this run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def place(*, sandbox: bool) -> Iterator[None]:
    """With `sandbox`, a local stand-in lives as long as this context.

    Nothing else differs: from here on the saved connections are the sandbox's, and nobody asks
    where they lead.
    """
    if not sandbox:
        yield
        return
    from spcs_worker_tui.sandbox.launch import launched  # noqa: PLC0415

    with launched():
        yield
