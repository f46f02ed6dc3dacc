"""`project`: prints settings, keys and schema."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.console import put
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.domain.rendering import rendered
from spcs_worker_tui.domain.settings_keys import KEYS, SETUP, json_schema
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.wiring.project import read_document, read_project

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment


def run_show(options: Namespace) -> int:
    """Check settings and specification files, and print what each environment comes to."""
    project = read_project(options.project)
    chosen = [project.environment(options.env)] if options.env else project.environments.values()
    put(f"{project.path}")
    for environment in chosen:
        path = Path(project.beside(environment.spec))
        document = rendered(environment, read_document(path))
        default = " (default)" if environment.name == project.default_environment else ""
        put(f"\n[{environment.name}]{default}")
        for name, value in _rows(environment):
            put(f"  {name:<28} {one_line(value)}")
        for variable in document.variables(environment.container):
            put(f"  {variable.name:<28} {variable.shown}")
    return Exit.HEALTHY


def _rows(environment: Environment) -> list[tuple[str, str]]:
    integrations = ", ".join(environment.external_access_integrations) or "none"
    instances = f"{environment.min_instances} to {environment.max_instances}"
    rows = [
        ("service", str(environment.key)),
        ("compute pool", environment.compute_pool),
        ("image", environment.image_path(environment.tag)),
        ("specification", environment.spec),
        ("external access integrations", integrations),
        ("instances", instances),
    ]
    return [*rows, ("read-only", "yes")] if environment.read_only else rows


def run_keys() -> int:
    """Print every key, with its meaning."""
    for name, key in KEYS.items():
        needed = " (required)" if key.required else ""
        put(f"{name:<29} {key.meaning}{needed}")
        if key.example:
            put(f"{'':<29} such as {key.example}")
    put(f"{'resources.requests, .limits':<29} cpu and memory of the worker's container")
    for name, key in SETUP.items():
        put(f"{f'setup.{name}':<29} {key.meaning}")
    return Exit.HEALTHY


def run_schema() -> int:
    """Print the JSON schema of the settings file."""
    put(json.dumps(json_schema(), indent=2))
    return Exit.HEALTHY
