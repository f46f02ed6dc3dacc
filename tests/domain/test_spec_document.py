"""Specifications as values: round trips, checks, and changes that lose nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.spec_yaml import SpecFormatError, edited, read_spec
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.spec_document import (
    SpecDocument,
    deployed_document,
    written_document,
)
from spcs_worker_tui.domain.spec_source import plain, read_as
from spcs_worker_tui.domain.spec_text import spec_text
from spcs_worker_tui.sandbox.catalogue.spec import describe_spec, parse_spec

OWN = Path(__file__).parents[2] / "spcs-service-spec.yaml"
SMALL = """\
spec:
  containers:
  - name: worker
    image: /db/sch/repo/worker:1.4
    env:
      LEVEL: INFO
"""

# Everything but lone surrogates, which no text can carry.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.one_of(
    TEXT,
    st.sampled_from(
        ["$$", "a$$$b", "yes", "1.10", "~", "", "0777", "12:30", "2026-01-01", "#", "'"]
    ),
    st.text("$\\u0024\"'", max_size=8),
)


def own(text: str) -> SpecDocument:
    return written_document(read_spec(text), "spec.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        own(text)
    return [p.removeprefix("spec.yaml, ") for p in (str(refused.value), *refused.value.others)]


def server_reads(text: str) -> dict[str, Any]:
    """What the stand-in makes of a text, with a reader of its own."""
    return parse_spec(text)


def test_the_projects_own_specification_is_valid() -> None:
    document = own(OWN.read_text())
    assert server_reads(document.text) == server_reads(OWN.read_text())
    assert {v.name: v.shown for v in document.variables()}["PREFECT_API_KEY"].startswith("secret ")
    assert "endpoints" not in document.tree["spec"]


@given(VALUES)
def test_a_value_reaches_the_server_as_it_is(value: str) -> None:
    document = own(SMALL).with_variable("X", value)
    assert "$$" not in document.text
    assert server_reads(document.text)["spec"]["containers"][0]["env"]["X"] == value
    assert plain(read_spec(document.text)) == document.tree


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z_0-9]{0,8}", fullmatch=True), VALUES, max_size=5))
def test_what_is_deployed_can_be_sent_again(variables: dict[str, str]) -> None:
    document = own(SMALL)
    for name, value in variables.items():
        document = document.with_variable(name, value)
    server = server_reads(document.text)
    shown = describe_spec(server, {"worker": "sha256:" + "a" * 64})
    deployed = deployed_document(read_spec(shown))
    assert deployed.digests == {"worker": "sha256:" + "a" * 64}
    assert server_reads(deployed.document.text) == server
    assert deployed.pinned.images == {"worker": "/db/sch/repo/worker:1.4@sha256:" + "a" * 64}


TREES = st.recursive(
    st.one_of(VALUES, st.integers(0, 10**17), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(TEXT.filter(bool), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(TEXT.filter(bool), TREES, min_size=1, max_size=4))
def test_fields_that_are_unknown_here_survive(tree: dict[str, Any]) -> None:
    container = {"name": "w", "image": "/a/b/c/d:1", **{f"x-{k}": v for k, v in tree.items()}}
    text = spec_text({"spec": {"containers": [container]}, "later": tree})
    again = deployed_document(read_spec(text)).document
    assert again.tree == {"spec": {"containers": [container]}, "later": tree}


def test_json_is_a_specification_too() -> None:
    text = json.dumps({"spec": {"containers": [{"name": "w", "image": "/a/b/c/d:1"}]}})
    assert own(text).images == {"w": "/a/b/c/d:1"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("env:", "evn:", "line 5: unknown field 'evn' of spec.containers[0]; did you mean 'env'?"),
        ("spec:", "specs:", "line 1: unknown field 'specs' of the specification; did you mean"),
        ("    image: /db/sch/repo/worker:1.4\n", "", "line 3: spec.containers[0] has no image"),
        ("/db/sch/repo/worker:1.4", "w orker", "line 4: spec.containers[0].image is 'w orker'"),
        ("LEVEL", '"A B"', "line 6: spec.containers[0].env: 'A B' is no name of an environment"),
        ("INFO", "1.10", 'is 1.10 without quotes, which YAML reads as a number: "1.10"'),
        ("INFO", "yes", 'is yes without quotes, which YAML reads as true or false: "yes"'),
        ("INFO", "0123", 'is 0123 without quotes, which YAML reads as a number: "0123"'),
        ("INFO", "12:30", 'is 12:30 without quotes, which YAML reads as a number: "12:30"'),
        ("INFO", "2026-11-23", "which YAML reads as a date"),
        ("INFO", "", 'line 6: spec.containers[0].env.LEVEL is empty: write ""'),
        ("INFO", "[a]", "line 6: spec.containers[0].env.LEVEL has to be text"),
        (
            "INFO",
            "INFO\n      LEVEL: X",
            "line 7: 'LEVEL' is there twice in spec.containers[0].env",
        ),
        ("name: worker", "name: Worker", "line 3: spec.containers[0].name is 'Worker'"),
        ("name: worker", "name: 5", "line 3: spec.containers[0].name is 5 without quotes"),
        ("    env:", "    sha256: x\n    env:", "which only the server writes"),
        ("    env:\n", "    secrets: []\n    env:\n", "has to be a list with something in it"),
        (
            "    env:\n",
            "    readinessProbe: {port: 99999, path: /}\n    env:\n",
            "line 5: spec.containers[0].readinessProbe.port has to be a whole number from 1 to",
        ),
        (
            "    env:\n",
            "    resources: {requests: {memory: 2}}\n    env:\n",
            "requests.memory has to be memory with its unit",
        ),
        (
            "    env:\n",
            "    resources: {requests: {cpu: 2}, limits: {cpu: 500m}}\n    env:\n",
            "the request of 2 cpu is above its limit 500m",
        ),
        (
            "    env:\n",
            "    volumeMounts: [{name: v, mountPath: /v}]\n    env:\n",
            "there is no volume 'v'",
        ),
        (
            "    env:\n",
            "    secrets: [{snowflakeSecret: S, secretKeyRef: secret_string, envVarName: LEVEL}]\n"
            "    env:\n",
            "LEVEL is under env and from a secret",
        ),
    ],
)
def test_what_is_wrong_is_said(before: str, after: str, said: str) -> None:
    assert before in SMALL
    found = problems(SMALL.replace(before, after, 1))
    assert any(said in text for text in found), found


def test_two_containers_with_one_name() -> None:
    again = "  - name: worker\n    image: /db/sch/repo/other:1\n"
    assert problems(SMALL + again) == ["line 7: spec.containers: two of them are named 'worker'"]


def test_fields_in_the_wrong_place_are_told_where_they_belong() -> None:
    (text,) = problems(SMALL + "  networkPolicyConfig: {allowInternetEgress: true}\n")
    assert "name an external access integration" in text
    (text,) = problems(SMALL + "  serviceRoles: []\n")
    assert "stands beside spec" in text


def test_everything_wrong_is_said_at_once() -> None:
    text = SMALL.replace("INFO", "yes").replace("image:", "imgae:")
    assert len(problems(text)) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spec:\n  - a: [\n", "line 3: not valid YAML"),
        ("", "it is empty"),
        ("a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + "", ""),
        ('a: "\\UFFFFFFFF"', "not valid YAML"),
        ("? [a]\n: b\n", "a field's name has to be plain text"),
        ("a: " + "[" * 60 + "]" * 60, "too many or too deeply nested"),
    ],
)
def test_what_is_no_yaml(text: str, said: str) -> None:
    if not said:
        read_spec(text)
        return
    with pytest.raises(SpecFormatError, match=said.replace("[", r"\[")):
        read_spec(text)


def test_aliases_do_not_multiply_without_bound() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(SpecFormatError, match="too many"):
        read_spec("\n".join(lines))


def test_a_variable_becomes_a_secret_and_back() -> None:
    document = own(SMALL).with_secret("LEVEL", "DB.SCH.LEVEL")
    assert [v.shown for v in document.variables()] == ["secret DB.SCH.LEVEL"]
    assert "env" not in document.tree["spec"]["containers"][0]
    back = document.with_variable("LEVEL", "INFO")
    assert back.tree == own(SMALL).tree


def test_a_secret_is_replaced_in_its_place() -> None:
    document = own(SMALL).with_secret("A", "S1").with_secret("B", "S2").with_secret("A", "S3")
    assert [(v.name, v.secret) for v in document.variables() if v.secret] == [
        ("A", "S3"),
        ("B", "S2"),
    ]


def test_renaming_and_removing() -> None:
    document = own(SMALL).with_variable("B", "2").with_renamed_variable("LEVEL", "L")
    assert [v.name for v in document.variables()] == ["L", "B"]
    assert [v.name for v in document.without_variable("L").variables()] == ["B"]
    assert (
        own(SMALL).with_secret("S", "X").with_renamed_variable("S", "T").variables()[-1].name == "T"
    )


def test_a_document_is_never_changed() -> None:
    document = own(SMALL)
    before = document.text
    document.with_variable("X", "1").with_secret("LEVEL", "S").with_image("/a/b/c/d:2")
    assert document.text == before


def test_values_that_look_like_keys_are_hidden() -> None:
    document = own(SMALL).with_variable("PREFECT_API_KEY", "pnu_x1").with_variable("A", "1")
    hidden = document.without_hidden_values()
    assert "pnu_x1" not in hidden.text
    assert "pnu_x1" not in repr(document.variables())
    assert [v.shown for v in hidden.variables()] == ["INFO", "(hidden)", "1"]


def test_an_unknown_container_is_told() -> None:
    with pytest.raises(ConfigurationError, match="has no container 'x'"):
        own(SMALL).with_variable("A", "1", "x")


@pytest.mark.parametrize("text", ["INFO", "worker", "/a/b/c:1.0", "http", "v1", "1.2.3", "a-b"])
def test_texts_that_all_readers_take_for_text(text: str) -> None:
    assert read_as(text) == ""


@pytest.mark.parametrize(
    "text", ["1", "1.0", "1e5", ".5", "0x1F", "0o7", "1_000", "Yes", "off", "~", "null", ".inf"]
)
def test_texts_that_some_reader_takes_for_something_else(text: str) -> None:
    assert read_as(text)


def test_editing_a_file_keeps_its_comments() -> None:
    text = OWN.read_text()
    document = own(text).with_variable("PREFECT_LOGGING_LEVEL", "DEBUG").with_variable("NEW", "yes")
    changed = edited(text, dict(document.tree))
    assert own(changed) == document
    assert changed.count("#") == text.count("#")
    unchanged = [line for line in text.splitlines() if line not in changed.splitlines()]
    assert unchanged == ["        PREFECT_LOGGING_LEVEL: INFO"]
