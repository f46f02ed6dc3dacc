"""Service specifications: read, checked, completed, pinned and shown (contract 1.2, 3)."""

from __future__ import annotations

from spcs_worker_tui.sandbox.catalogue.spec.render import describe_spec

__all__ = ["describe_spec"]
