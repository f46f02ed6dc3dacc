"""Whatever is sent as a specification, the answer is a specification or an SQL error."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from spcs_worker_tui.sandbox.catalogue.spec import (
    complete_resources,
    describe_spec,
    digest_of,
    parse_spec,
    render_template,
)
from spcs_worker_tui.sandbox.families import FAMILIES
from spcs_worker_tui.sandbox.results import SqlError

# Words that lead deep into the schema, so that its checks meet values of every type.
VOCABULARY = (
    "spec containers name image env command resources limits requests memory cpu "
    "nvidia.com/gpu secrets snowflakeSecret objectName envVarName directoryPath "
    "secretKeyRef endpoints port portRange public protocol volumes source size "
    "stageConfig volumeMounts mountPath readinessProbe path serviceRoles capabilities "
    "logExporters sessionTokenConfig permission secret_string TCP block stage local "
    "worker 1Gi 8000-8010 0644 /d/s/r/i:1 "
)
WORDS = st.sampled_from(VOCABULARY.split())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


def outcome(text: str) -> dict[str, Any] | SqlError:
    try:
        spec = complete_resources(parse_spec(text), FAMILIES["GPU_NV_S"])
    except SqlError as refused:
        return refused
    shown = describe_spec(spec, {})
    assert YAML(typ="safe", pure=True).load(shown) == spec
    assert len(digest_of(spec, {})) == 64
    return spec


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_any_tree(tree: Any) -> None:
    outcome(json.dumps(tree))


@settings(max_examples=100, deadline=None)
@given(WORDS, TREES)
def test_any_value_in_a_container_and_in_the_spec(option: str, value: Any) -> None:
    container = {"name": "w", "image": "/d/s/r/i:1"}
    outcome(json.dumps({"spec": {"containers": [{**container, option: value}]}}))
    outcome(json.dumps({"spec": {"containers": [container], option: value}}))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
@example("&a [*a]")
@example("a: &a [b]\nc: [*a, *a]")
@example("!!python/object:os.system {}")
@example("[" * 5000)
@example("{" * 5000)
@example('{"a": ' * 5000)
@example('"\\UFFFFFFFF"')
@example("%YAML 9.9\n---\na: b")
@example("--- a\n--- b")
@example("? [a]\n: b")
@example("spec: {<<: {a: b}}")
@example("spec: 2001-01-01")
@example("\ud800")
@example('{"spec": {"containers": [{"name": "w", "image": "\\ud800"}]}}')
@example("\x00")
def test_any_text(text: str) -> None:
    outcome(text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="{}x |default('a',true)", max_size=40))
def test_any_template(template: str) -> None:
    with contextlib.suppress(SqlError):
        render_template(template, {"x": "1"})


def test_aliases_of_aliases_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    refused = outcome("\n".join(lines))
    assert isinstance(refused, SqlError)
    assert "too many" in refused.message
