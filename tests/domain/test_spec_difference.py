"""Differences by meaning, in words that show nothing secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.spec_yaml import read_spec
from spcs_worker_tui.domain.spec_difference import Area, Side, compare
from spcs_worker_tui.domain.spec_document import SpecDocument, deployed_document
from spcs_worker_tui.sandbox.catalogue.spec import complete_resources, describe_spec, parse_spec
from spcs_worker_tui.sandbox.families import FAMILIES

FIRST, SECOND = ("sha256:" + digit * 64 for digit in "12")
TEXT = """\
spec:
  containers:
  - name: worker
    image: /db/sch/repo/worker:1.4
    env:
      A: one
      B: two
    secrets:
    - snowflakeSecret: {objectName: db.sch.key}
      secretKeyRef: secret_string
      envVarName: KEY
    readinessProbe: {port: 8080, path: /health}
    resources: {limits: {cpu: 1000m, memory: 2Gi}}
  endpoints:
  - {name: api, port: 80}
"""


def side(text: str = TEXT, digest: str = FIRST) -> Side:
    return Side(deployed_document(read_spec(text)).document, {"worker": digest} if digest else {})


def words(after: str, *, digest: str = FIRST) -> tuple[str, ...]:
    return compare(side(), side(after, digest), home=("DB", "SCH")).words


def shown_by_server(text: str) -> str:
    completed = complete_resources(parse_spec(text), FAMILIES["CPU_X64_S"])
    container = completed["spec"]["containers"][0]
    container["image"] = "org-acct.registry.snowflakecomputing.com" + container["image"]
    return describe_spec(completed, {"worker": FIRST})


def test_what_the_server_adds_is_no_difference() -> None:
    deployed = deployed_document(read_spec(shown_by_server(TEXT)))
    before = Side(deployed.document, deployed.digests)
    assert not compare(before, side(), home=("DB", "SCH"), filled_in=True)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1000m", "1"),
        ("2Gi", "2048Mi"),
        ("db.sch.key", "KEY"),
        ("{objectName: db.sch.key}", "DB.SCH.KEY"),
        ("path: /health}", "path: /health, periodSeconds: 5, failureThreshold: 3}"),
        ("port: 80}", "port: 80, public: false, protocol: HTTP}"),
        ("A: one\n      B: two", "B: two\n      A: one"),
        ("    env:\n", "    mountSessionToken: true\n    env:\n"),
        ("/db/sch/repo", "/DB/SCH/REPO"),
        ("worker:1.4", f"worker:1.4@{FIRST}"),
    ],
)
def test_another_way_of_saying_the_same_is_no_difference(before: str, after: str) -> None:
    assert before in TEXT
    assert words(TEXT.replace(before, after)) == ()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("B: two", "B: three", "worker: variable B: 'two' -> 'three'"),
        ("      B: two\n", "", "worker: variable B removed (was 'two')"),
        ("B: two", "B: two\n      C: ''", "worker: variable C added: ''"),
        ("db.sch.key", "db.sch.other", "worker: variable KEY: secret db.sch.key -> "),
        ("path: /health", "path: /", "GET /health on port 8080 every 5 s, 3 failures -> GET / on"),
        ("2Gi", "4Gi", "worker: limit of memory: 2Gi -> 4Gi"),
        ("worker:1.4", "worker:1.5", "worker: image: worker:1.4 (111111111111) -> worker:1.5 (1"),
        ("port: 80}", "port: 81}", "endpoint api: {name: api, port: 80} -> {name: api, port: 81}"),
        ("    env:\n", "    args: [x]\n    env:\n", "worker: args added: [x]"),
        ("  endpoints:\n", "  - {name: side, image: /a/b/c/d:1}\n  endpoints:\n",
         "container side added: d:1"),
    ],
)  # fmt: skip
def test_differences_in_words(before: str, after: str, said: str) -> None:
    assert before in TEXT
    (found,) = words(TEXT.replace(before, after))
    assert said in found


def test_a_tag_that_means_another_digest_is_a_difference() -> None:
    (found,) = words(TEXT, digest=SECOND)
    assert found == "worker: image: worker:1.4 (111111111111) -> worker:1.4 (222222222222)"


def test_a_digest_that_nobody_knows_is_no_difference() -> None:
    assert words(TEXT, digest="") == ()


def test_values_that_look_like_keys_are_hidden_on_both_sides() -> None:
    before = side(TEXT.replace("A: one", "A_TOKEN: abc"))
    after = side(TEXT.replace("A: one", "A_TOKEN: abd\n      B_URL: https://u:pw@h/x"))
    difference = compare(before, after)
    assert [change.area for change in difference.changes] == [Area.VARIABLE] * 2
    text = repr(difference)
    assert not any(secret in text for secret in ("abc", "abd", "pw"))


def test_long_values_that_differ_at_the_end_differ() -> None:
    before = side(TEXT.replace("    env:\n", f"    args: [{'x' * 500}a]\n    env:\n"))
    after = side(TEXT.replace("    env:\n", f"    args: [{'x' * 500}b]\n    env:\n"))
    assert compare(before, after)


def test_one_word_for_each_change_and_a_summary() -> None:
    difference = compare(side(), side(TEXT.replace("one", "1").replace("2Gi", "4Gi")))
    assert difference.fields == ("worker.A", "worker.memory")
    assert difference.summary == "1 variable, 1 resources"


VARIABLES = st.dictionaries(
    st.from_regex(r"[A-Z][A-Z_]{0,6}", fullmatch=True), st.text(max_size=8), max_size=6
)


def with_variables(variables: dict[str, str]) -> SpecDocument:
    container = {"name": "w", "image": "/a/b/c/d:1", "env": variables}
    return SpecDocument({"spec": {"containers": [container]}})


@given(VARIABLES, VARIABLES)
def test_exactly_the_variables_that_differ_are_named(
    old: dict[str, str], new: dict[str, str]
) -> None:
    difference = compare(Side(with_variables(old)), Side(with_variables(new)))
    differing = {n for n in old.keys() | new.keys() if old.get(n) != new.get(n)}
    assert {change.subject.split()[1] for change in difference.changes} == differing
    assert not compare(Side(with_variables(old)), Side(with_variables(old)))
