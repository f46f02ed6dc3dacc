"""The guided set-up: screens, one answer at a time."""

from __future__ import annotations

from argparse import Namespace

from spcs_worker_tui.domain.errors import ConfigurationError


def run_wizard(_: Namespace) -> int:
    """Ask, show the plan, and do it.

    Raises:
        ConfigurationError: Something that it needs is missing.
    """
    raise ConfigurationError(
        "there is nobody to guide", next_step="Say setup --non-interactive --env NAME."
    )
