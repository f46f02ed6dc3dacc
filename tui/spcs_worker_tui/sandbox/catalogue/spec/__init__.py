"""Service specifications: read, checked, completed, pinned and shown (contract 1.2, 3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from spcs_worker_tui.sandbox.catalogue.spec.checks import invalid
from spcs_worker_tui.sandbox.catalogue.spec.complete import complete_resources
from spcs_worker_tui.sandbox.catalogue.spec.document import read
from spcs_worker_tui.sandbox.catalogue.spec.render import describe_spec
from spcs_worker_tui.sandbox.catalogue.spec.rules import check_rules
from spcs_worker_tui.sandbox.catalogue.spec.schema import SPECIFICATION
from spcs_worker_tui.sandbox.catalogue.spec.template import render_template
from spcs_worker_tui.sandbox.results import invalid_spec

__all__ = ["complete_resources", "describe_spec", "digest_of", "parse_spec", "render_template"]


def parse_spec(text: str) -> dict[str, Any]:
    """A specification as written: its top-level keys, checked, in the schema's order.

    Raises:
        SqlError: 395018 for any mistake in it.
    """
    tree = read(text)
    if not isinstance(tree, Mapping):
        raise invalid("spec", "Value has to be a map")
    for key in tree:
        if key not in SPECIFICATION:
            raise invalid_spec(f"unknown option '{key}'")
    if "spec" not in tree:
        raise invalid_spec("missing option 'spec'")
    document = {key: check(tree[key], key) for key, check in SPECIFICATION.items() if key in tree}
    check_rules(document)
    return document


def digest_of(spec: Mapping[str, Any], digests: Mapping[str, str], previous: str = "") -> str:
    """The `spec_digest` of an accepted specification: 64 hexadecimal digits.

    Args:
        spec: Checked and completed.
        digests: What its images were pinned to.
        previous: The digest before ALTER … FROM; every such statement replaces all instances
            (contract 1.8), so it changes the digest even when it changes nothing else.
    """
    canonical = json.dumps([spec, digests, previous], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
