"""What needs no terminal: formats, lines, columns, filters, history, logs."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.fleet import ConnectionState, ServiceStatus
from spcs_worker_tui.domain.text import printable
from spcs_worker_tui.domain.verdict import Health, JudgedFleet, Remedy, Sync, Verdict
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui import lines
from spcs_worker_tui.ui.columns import (
    BY_KEY,
    BY_LETTER,
    COLUMNS,
    Glance,
    column_named,
    lay_out,
    natural_widths,
)
from spcs_worker_tui.ui.fleet_view import FilterError, FleetView, parse_filter
from spcs_worker_tui.ui.history import BEATS, History
from spcs_worker_tui.ui.lines import Cell
from spcs_worker_tui.ui.pages import describe
from spcs_worker_tui.ui.rows import connection_rows, is_in_trouble, service_rows, tag_of
from support import fleet as build
from support.console import NOW, demo, verdict

GLANCE = Glance(NOW, fmt.UNICODE)
TEXT = st.text(max_size=60).map(lambda text: printable(text).replace("\n", " ").replace("\t", " "))


@pytest.mark.parametrize(
    ("seconds", "short", "sentence"),
    [
        (0, "0s", "0 s"),
        (119, "119s", "1 min 59 s"),
        (120, "2m", "2 min"),
        (7199, "119m", "1 h 59 min"),
        (7200, "2h", "2 h"),
        (172800, "2d", "2 d"),
        (-5, "0s", "0 s"),
    ],
)
def test_ages(seconds: int, short: str, sentence: str) -> None:
    assert fmt.age(timedelta(seconds=seconds)) == short
    assert fmt.span(timedelta(seconds=seconds)) == sentence


@given(st.integers(0, 10**9))
def test_an_age_never_outgrows_its_column(seconds: int) -> None:
    assert len(fmt.age(timedelta(seconds=min(seconds, 999 * 86400)))) <= 4


@pytest.mark.parametrize("glyphs", [fmt.UNICODE, fmt.ASCII])
def test_every_glyph_is_one_cell_wide(glyphs: fmt.Glyphs) -> None:
    signs = [*glyphs.health.values(), *glyphs.connection.values(), *glyphs.sparkline]
    signs += [glyphs.up, glyphs.down, glyphs.mine, glyphs.rule, glyphs.dot, glyphs.done]
    assert {lines.width(sign) for sign in signs} == {1}


def test_ascii_glyphs_are_ascii() -> None:
    signs = [*fmt.ASCII.health.values(), *fmt.ASCII.connection.values(), fmt.ASCII.sparkline]
    assert "".join(signs).isascii()
    assert len(set(fmt.ASCII.health.values())) == len(Health)


@given(TEXT, st.integers(1, 80))
def test_fit_is_exact(text: str, size: int) -> None:
    assert lines.width(lines.fit(text, size)) == size
    assert lines.width(lines.fit(text, size, right=True)) == size
    assert lines.width(lines.fit_tail(text, size)) == size


@given(TEXT, st.integers(8, 80))
def test_wrap_loses_nothing_but_blanks(text: str, size: int) -> None:
    pieces = lines.wrap(text, size)
    assert all(lines.width(piece) <= size for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=2), st.integers(1, 120))
def test_justify_never_overflows(left: list[str], right: list[str], size: int) -> None:
    both = lines.justify(tuple(map(Cell, left)), tuple(map(Cell, right)), size)
    assert lines.width_of(both) <= size


def test_letters_and_keys_of_columns_are_unique() -> None:
    assert len(BY_KEY) == len(BY_LETTER) == len(COLUMNS)


@pytest.mark.parametrize("width", range(40, 260, 7))
def test_columns_fit_the_terminal(width: int) -> None:
    rows = service_rows(demo())
    layout = lay_out(width, natural_widths(rows, GLANCE))
    used = 1 + sum(size for _, size in layout.columns) + layout.gap * (len(layout.columns) - 1)
    assert used <= width
    assert [column.key for column, _ in layout.columns][:2] == ["verdict", "service"]


def test_the_most_important_columns_are_there_at_80() -> None:
    shown = {c.key for c, _ in lay_out(79, natural_widths(service_rows(demo()), GLANCE)).columns}
    assert shown >= {"verdict", "service", "connection", "status", "ready", "workers", "heartbeat"}
    assert "runs" in shown


def test_names_are_whole_before_lesser_columns_come_in() -> None:
    judged = JudgedFleet(build.fleet(build.service("FORECAST_WORKER", connection="prod")))
    wanted = natural_widths(service_rows(judged), GLANCE)
    for width in range(78, 200):
        sizes = {column.key: size for column, size in lay_out(width, wanted).columns}
        assert sizes["service"] >= len("FORECAST_WORKER")


def test_all_columns_are_there_at_200() -> None:
    layout = lay_out(200, natural_widths(service_rows(demo()), GLANCE))
    assert len(layout.columns) == len(COLUMNS)


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("/db/schema/repo/worker:1.4.2", "1.4.2"),
        ("host:5000/db/worker:dev", "dev"),
        ("host:5000/db/worker", "latest"),
        ("/db/worker@sha256:0123456789abcdef", "01234567"),
        ("", ""),
    ],
)
def test_image_tags(image: str, tag: str) -> None:
    assert tag_of(image) == tag


def names(text: str) -> list[str]:
    view = FleetView(filter=parse_filter(text))
    judged = demo()
    rows = view.arrange(service_rows(judged), connection_rows(judged), GLANCE)
    return sorted(row.key.name for row in rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ingest", ["INGEST"]),
        ("conn:prod", ["API", "CRASHING", "PULLING"]),
        ("connection:prod !pending", ["API"]),
        ("!conn:dev !api", ["CRASHING", "PULLING"]),
        ("verdict:broken conn:dev", ["NIGHTLY"]),
        ("/^(api|ingest)$/", []),
        ("service:/^(api|ingest)$/", ["API", "INGEST"]),
        ("/rep.*s/", ["REPORTS"]),
        ("nothing at all", []),
    ],
)
def test_filters(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_an_empty_filter_hides_nothing() -> None:
    assert len(names("  ")) == 7


def test_figures_are_not_searched_for_a_bare_word() -> None:
    assert names("12s") == []
    assert names("beat:12s") == ["INGEST"]


@pytest.mark.parametrize("text", ["colour:red", "service:/(/", "/[/"])
def test_a_filter_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)


def test_an_ambiguous_column_is_no_column() -> None:
    assert column_named("s") is None
    assert column_named("serv") is BY_KEY["service"]
    assert column_named("nonsense") is None


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.key)
def test_every_column_sorts_and_reverses(column: object) -> None:
    judged = demo()
    view = FleetView(column=column)  # type: ignore[arg-type]
    once = view.arrange(service_rows(judged), [], GLANCE)
    view.is_reversed = True
    twice = view.arrange(service_rows(judged), [], GLANCE)
    assert {row.key for row in once} == {row.key for row in twice}
    glance = GLANCE
    values = [view.column.sort(row, glance) for row in once]  # type: ignore[arg-type]
    assert values == sorted(values)


def test_the_worst_comes_first() -> None:
    judged = demo()
    rows = FleetView().arrange(service_rows(judged), connection_rows(judged), GLANCE)
    assert rows[0].key.name == "lab"
    assert [row.health for row in rows[1:]] == [Health.BROKEN] * 3 + [Health.HEALTHY] * 3  # type: ignore[union-attr]


def test_a_row_of_a_lost_connection_is_stale() -> None:
    (row,) = service_rows(JudgedFleet(build.fleet(build.service())))
    assert not row.is_stale(NOW)
    assert row.is_stale(NOW + timedelta(minutes=1))
    lost = dataclasses.replace(row.connection, state=ConnectionState.UNREACHABLE)
    assert dataclasses.replace(row, connection=lost).is_stale(NOW)
    assert is_in_trouble(lost)


def test_a_row_is_as_old_as_the_last_look_at_its_connection() -> None:
    steady = build.service(seen=600)
    (row,) = service_rows(JudgedFleet(build.fleet(steady)))
    assert BY_KEY["age"].cell(row, GLANCE) == Cell("1s", "muted")
    assert not row.is_stale(NOW)
    text = "\n".join("".join(c.text for c in line) for line in describe(row, NOW, UTC, 100))
    assert re.search(r"last seen +2026-11-23 11:59:59 UTC  \(1 s ago\)", text)
    assert re.search(r"last change seen +2026-11-23 11:50:00 UTC  \(10 min ago\)", text)
    dead = build.connection("dev", [steady], observed_at=build.ago(300))
    (row,) = service_rows(JudgedFleet(build.fleet(connections=[dead])))
    assert BY_KEY["age"].cell(row, GLANCE) == Cell("5m", "verdict-degraded")
    assert row.is_stale(NOW)


def test_what_cannot_be_compared_is_no_verdict() -> None:
    service = build.service()
    judged = JudgedFleet(build.fleet(service), {service.key: verdict(sync=Sync.UNKNOWN)})
    (row,) = service_rows(judged)
    assert BY_KEY["sync"].cell(row, GLANCE).text == fmt.NOTHING


def test_before_the_first_judgement_nothing_is_claimed() -> None:
    (row,) = service_rows(JudgedFleet(build.fleet(build.service())))
    assert row.health is Health.UNKNOWN
    assert [column.cell(row, GLANCE) for column in COLUMNS]


def test_a_suspended_service_shows_no_instances() -> None:
    (row,) = service_rows(JudgedFleet(build.fleet(build.service(status=ServiceStatus.SUSPENDED))))
    assert BY_KEY["ready"].cell(row, GLANCE).text == fmt.NOTHING


def test_history_keeps_intervals_and_changes() -> None:
    history = History()
    name = "analytics.prefect.ingest.0"
    for beat in range(BEATS + 5):
        pool = build.work_pool(workers=[build.worker(name, age=3000 - beat * 30)])
        service = build.service()
        health = Health.BROKEN if beat >= 10 else Health.HEALTHY
        judged = JudgedFleet(
            build.fleet(service, work_pools=[pool]), {service.key: verdict(health)}
        )
        history.observe(judged)
        history.observe(judged)
    assert list(history.intervals(pool.key, name)) == [30.0] * BEATS
    first, second = history.changes(service.key)
    assert (first.after, second.before, second.after) == (
        Health.HEALTHY,
        Health.HEALTHY,
        Health.BROKEN,
    )
    history.observe(JudgedFleet(build.fleet(work_pools=[])))
    assert not history.intervals(pool.key, name)
    assert not history.changes(service.key)


def test_the_next_step_names_the_keys_for_it() -> None:
    offered = [
        fmt.next_step(Verdict(Health.BROKEN, 9, "why", "Do it", remedy=remedy)) for remedy in Remedy
    ]
    assert offered == ["Do it (l)", "Do it (z)", "Do it (l, then z)", "Do it (r)"]
    assert fmt.next_step(Verdict(Health.BROKEN, 9, "why", "Do it")) == "Do it"
    assert fmt.next_step(Verdict(Health.HEALTHY, 9, "why")) == ""
