"""The file that remembers specs: what goes in comes out, nothing secret goes in."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.spec_memory import FORMAT, SpecFile
from spcs_worker_tui.domain.memory import RememberedSpec, SpecKey
from spcs_worker_tui.domain.prefect import WorkPoolKey
from support.fleet import NOW, ago, binding

KEY = SpecKey("ORG-DEV", "OPERATOR", "ANALYTICS.PREFECT.INGEST", "spec-1")
SPEC = RememberedSpec(
    read_at=ago(60),
    binding=binding(
        worker_name="w", heartbeat_interval_seconds=5, work_queues=("a",), secret_env=("X",)
    ),
    is_plain=True,
    settled_at=ago(30),
    doubted_at=ago(20),
    local_spec="5e884898",
    differing_fields=("worker.LIMIT", "worker.cpu"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "specs.json"


def saved(path: Path, spec: RememberedSpec = SPEC, key: SpecKey = KEY) -> SpecFile:
    file = SpecFile(path, NOW)
    file.remember(key, spec)
    file.save()
    return file


@pytest.mark.parametrize("spec", [SPEC, RememberedSpec(ago(60), None)])
def test_what_was_remembered_is_recalled_by_the_next_run(path: Path, spec: RememberedSpec) -> None:
    saved(path, spec)
    later = SpecFile(path, NOW)
    assert later.recall(KEY) == spec
    for other in (
        SpecKey("ORG-PROD", KEY.role, KEY.service, KEY.digest),
        SpecKey(KEY.account, "PUBLIC", KEY.service, KEY.digest),
        SpecKey(KEY.account, KEY.role, KEY.service, "spec-2"),
    ):
        assert later.recall(other) is None


def test_only_its_owner_may_read_it(path: Path) -> None:
    saved(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "url", ["https://me:secret@prefect/api", "https://prefect/api?key=secret", "https://p/#secret"]
)
def test_an_address_that_may_hold_a_secret_is_not_kept(path: Path, url: str) -> None:
    file = saved(path, RememberedSpec(NOW, binding(api_url=url)))
    assert not path.exists()
    assert file.recall(KEY) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 0, "specs": []}',
        f'{{"format": {FORMAT}, "specs": [{{}}]}}',
        f'{{"format": {FORMAT}, "specs": 3}}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_not_ours_says_nothing_and_is_replaced(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    assert SpecFile(path, NOW).recall(KEY) is None
    saved(path)
    assert SpecFile(path, NOW).recall(KEY) == SPEC


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("read_at", "yesterday"),
        ("read_at", "2026-11-23T12:00:00"),
        ("settled_at", 7),
        ("account", None),
        ("binding", {"pool": None}),
    ],
)
def test_a_field_of_another_kind_makes_the_file_worthless(
    path: Path, field: str, value: object
) -> None:
    saved(path)
    content = json.loads(path.read_text())
    content["specs"][0][field] = value
    path.write_text(json.dumps(content))
    assert SpecFile(path, NOW).recall(KEY) is None


def test_bytes_that_are_no_text_say_nothing(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"\xff\xfe\x00")
    assert SpecFile(path, NOW).recall(KEY) is None


def test_what_nobody_asked_for_in_a_month_is_dropped(path: Path) -> None:
    saved(path)
    in_use = SpecFile(path, NOW + timedelta(days=20))
    assert in_use.recall(KEY) == SPEC
    in_use.save()
    other = SpecKey("ORG-DEV", "OPERATOR", "ANALYTICS.PREFECT.OTHER", "spec-9")
    for day, is_kept in ((45, True), (55, False)):
        later = SpecFile(path, NOW + timedelta(days=day))
        later.remember(other, RememberedSpec(ago(day), None))
        later.save()
        assert (KEY.digest in path.read_text()) is is_kept


def test_what_another_program_saved_meanwhile_is_kept(path: Path) -> None:
    other = SpecKey("ORG-DEV", "OPERATOR", "ANALYTICS.PREFECT.OTHER", "spec-9")
    first, second = SpecFile(path, NOW), SpecFile(path, NOW)
    first.recall(KEY)
    second.remember(other, SPEC)
    second.save()
    first.remember(KEY, SPEC)
    first.save()
    assert SpecFile(path, NOW).recall(other) == SPEC


def test_the_work_pools_of_a_connection_are_known_before_it_answers(path: Path) -> None:
    pools = frozenset({WorkPoolKey("https://prefect/api", "a"), WorkPoolKey("https://p/api", "b")})
    file = SpecFile(path, NOW)
    file.remember_pools("dev", pools | {WorkPoolKey("https://me:secret@prefect/api", "c")})
    file.save()
    later = SpecFile(path, NOW)
    assert later.pools("dev") == pools
    assert later.pools("prod") == frozenset()
    assert "secret" not in path.read_text()


@pytest.mark.parametrize("pools", [None, [], {"dev": [["only one"]]}, {"dev": [[1, 2]]}])
def test_work_pools_of_another_kind_make_the_file_worthless(path: Path, pools: object) -> None:
    saved(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pools": pools}))
    assert SpecFile(path, NOW).recall(KEY) is None


def test_nothing_new_is_not_written(path: Path) -> None:
    saved(path)
    written = path.stat().st_mtime_ns
    again = SpecFile(path, NOW)
    again.remember(KEY, SPEC)
    again.save()
    assert path.stat().st_mtime_ns == written


def test_a_place_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    saved(blocked / "specs.json")
