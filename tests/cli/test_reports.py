"""The three forms of a report, and the words of the command line."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest

from spcs_worker_tui.cli.arguments import THEMES, parse
from spcs_worker_tui.cli.console import has_colour
from spcs_worker_tui.cli.exits import Exit, exit_of
from spcs_worker_tui.cli.logs import describe
from spcs_worker_tui.cli.remedies import commands, next_step
from spcs_worker_tui.cli.report_json import as_json, as_object
from spcs_worker_tui.cli.report_prometheus import as_prometheus
from spcs_worker_tui.cli.report_table import table
from spcs_worker_tui.domain.errors import SignInRefusedError
from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    ConnectionState,
    FleetSnapshot,
    Observation,
    ServiceKey,
    ServiceStatus,
)
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.log import LogGap, LogNotice, LogRestart, LogSource
from spcs_worker_tui.domain.text import cell_width, without_credentials
from spcs_worker_tui.domain.verdict import Health, Remedy, Verdict
from spcs_worker_tui.operations.check import CheckOptions, CheckReport, assess
from spcs_worker_tui.ui import theme
from support import fleet as build


def report(fleet: FleetSnapshot | None = None) -> CheckReport:
    fleet = fleet or build.demo_fleet()
    return assess(Judge().judge(fleet, build.NOW), CheckOptions())


REFUSED = ConnectionSnapshot(
    "wrong",
    ConnectionState.REFUSED,
    error=SignInRefusedError("the account refused the sign-in", next_step="Correct the password."),
)


# The table.


def test_one_row_for_each_service_the_worst_first() -> None:
    lines = list(table(report(), colour=False))
    assert len(lines) == 7
    words = [line.split()[0] for line in lines[1:]]
    assert words == sorted(words, key=lambda word: -Health(word).severity)
    assert words[0] == "broken"


def test_what_was_not_read_is_not_made_up() -> None:
    unread = replace(
        build.service(),
        containers=Observation(()),
        instances=Observation(()),
        spec=Observation(None),
        spec_read_at=build.ago(500),
        containers_unread="others vouch",
    )
    found = report(build.fleet(unread))
    (service,) = as_object(found)["services"]
    assert service["restarts"] is None
    assert service["containers_unread"] == "others vouch"
    assert service["instances"] == {"ready": 1, "target": 1}
    assert (service["age_seconds"]["containers"], service["age_seconds"]["spec"]) == (None, 500)
    assert "_service_restarts{" not in as_prometheus(found)
    row = list(table(found, colour=False))[1].split()
    assert row[:6] == ["healthy", "ANALYTICS.PREFECT.INGEST", "dev", "RUNNING", "1/1", "-"]


def test_the_next_step_names_commands_and_no_keys() -> None:
    ingest = build.service(status=ServiceStatus.SUSPENDED, binding=None)
    found = report(build.fleet(ingest))
    command = "spcs-worker-tui resume dev:ANALYTICS.PREFECT.INGEST"
    (line,) = list(table(found, colour=False))[1:]
    assert line.endswith(f" -> Resume it: {command}")
    (service,) = as_object(found)["services"]
    assert (service["next_step"], service["commands"]) == ("Resume it", [command])


@pytest.mark.parametrize("remedy", Remedy)
def test_every_remedy_is_worded_for_a_shell(remedy: Remedy) -> None:
    key = ServiceKey("my dev", "D", "S", "a'b")
    verdict = Verdict(Health.BROKEN, 9, "why", "Do it", remedy=remedy)
    lines = commands(verdict, key)
    assert all(shlex.split(line)[2] == "my dev:D.S.a'b" for line in lines)
    assert all(
        parse(shlex.split(line)[1:]).command in {"logs", "suspend", "resume"} for line in lines
    )
    assert next_step(verdict, key) == "; ".join(
        ["Do it: " + lines[0], *lines[1:]] if lines else ["Do it"]
    )


def test_columns_stand_below_their_titles() -> None:
    name = ServiceKey("dev", "ANALYTICS", "PREFECT", "小川")
    fleet = build.fleet(replace(build.service(), key=name), build.service("LONGER_THAN_THAT"))
    head, *rows = table(report(fleet), colour=False)
    place = cell_width(head[: head.index("CONNECTION")])
    assert [cell_width(row[: row.index("  dev")]) + 2 <= place for row in rows] == [True, True]
    assert [cell_width(row[: row.index("dev  ")]) for row in rows] == [place, place]


def test_a_connection_that_failed_is_a_row_with_its_next_step() -> None:
    lines = list(table(report(build.fleet(connections=[REFUSED])), colour=False))
    assert lines[1].split()[:4] == ["unknown", "-", "wrong", "refused"]
    assert lines[1].endswith("the account refused the sign-in -> Correct the password.")


def test_colour_goes_on_the_verdict_and_can_be_taken_off_again() -> None:
    plain = list(table(report(), colour=False))
    coloured = list(table(report(), colour=True))
    assert coloured[1].startswith("\x1b[31mbroken\x1b[0m  ")
    for ink in ("\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[0m"):
        coloured = [line.replace(ink, "") for line in coloured]
    assert coloured == plain


def test_text_from_outside_cannot_paint_or_break_the_table() -> None:
    bad = replace(REFUSED, error=SignInRefusedError("a\x1b[31m\nb"))
    lines = list(table(report(build.fleet(connections=[bad])), colour=False))
    assert len(lines) == 2
    assert "\x1b" not in lines[1]


def test_no_colour_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert has_colour(Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colour(Terminal())  # type: ignore[arg-type]


# JSON.


def test_json_has_the_verdict_with_its_reasons_and_facts() -> None:
    fleet = build.demo_fleet()
    found = json.loads(as_json(report(fleet), indented=False))
    assert found == json.loads(as_json(report(fleet), indented=True))
    assert (found["verdict"], found["exit_status"]) == ("broken", 2)
    assert found["checked_at"] == "2026-11-23T12:00:00Z"
    assert found["summary"]["services"] == len(found["services"]) == 6
    service = next(s for s in found["services"] if s["service"] == "INGEST")
    assert service["verdict"] == "healthy"
    assert service["workers"] == {
        "online": 1,
        "expected": 1,
        "names": ["analytics.prefect.ingest.0"],
    }
    assert service["work_pool"]["heartbeat_age_seconds"] == 12
    assert service["work_pool"]["running"] == 1
    assert service["age_seconds"] == {
        "service": 1,
        "containers": 1,
        "spec": 1,
        "work_pool": 1,
    }
    assert all({"name", "value", "source", "age_seconds"} == set(f) for f in service["facts"])


def test_json_knows_services_that_are_no_workers() -> None:
    found = as_object(report(build.fleet(build.service(binding=None))))
    assert found["services"][0]["work_pool"] is None


def test_no_credentials_of_an_api_url_get_out() -> None:
    url = "https://user:secret@prefect.example/api"
    fleet = build.fleet(
        build.service(binding=build.binding(api_url=url)),
        work_pools=[build.work_pool(api_url=url)],
    )
    found = report(fleet)
    assert as_object(found)["services"][0]["work_pool"]["api_url"] == "https://prefect.example/api"
    assert "secret" not in as_prometheus(found)
    assert without_credentials("http://[bad@x") == "(not a URL)"


# Prometheus.


def test_exactly_one_verdict_is_set() -> None:
    lines = as_prometheus(report()).splitlines()
    of_one = [x for x in lines if x.startswith("spcs_worker_service_health{") and "INGEST" in x]
    assert len(of_one) == len(Health)
    assert [line for line in of_one if line.endswith(" 1")] == [
        'spcs_worker_service_health{connection="dev",database="ANALYTICS",schema="PREFECT",'
        'service="INGEST",verdict="healthy"} 1'
    ]


def test_every_metric_is_described_once_and_kept_together() -> None:
    lines = as_prometheus(report()).splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    names = [line.split("{")[0].split()[0] for line in lines if not line.startswith("#")]
    assert list(dict.fromkeys(names)) == types


def test_labels_are_escaped() -> None:
    strange = build.service(connection='a"b\\c')
    assert r'connection="a\"b\\c"' in as_prometheus(report(build.fleet(strange)))


def test_a_connection_that_is_down() -> None:
    text = as_prometheus(report(build.fleet(connections=[REFUSED])))
    assert 'spcs_worker_connection_up{connection="wrong"} 0' in text
    assert "spcs_worker_check_exit_status 3" in text
    assert text.endswith("\n")


# The rest.


def test_every_verdict_has_its_own_exit_status() -> None:
    assert {health: exit_of(health) for health in Health} == {
        Health.HEALTHY: Exit.HEALTHY,
        Health.SUSPENDED: Exit.HEALTHY,
        Health.DEGRADED: Exit.DEGRADED,
        Health.BROKEN: Exit.BROKEN,
        Health.UNKNOWN: Exit.UNKNOWN,
    }


def test_the_themes_are_those_that_there_are() -> None:
    assert set(THEMES) == {own.name for own in theme.THEMES}
    assert parse([]).theme == theme.DARK


def test_options_stand_before_or_after_a_command() -> None:
    assert parse(["--connection", "a", "logs", "X"]).connection == ["a"]
    assert parse(["logs", "X", "--connection", "a", "--sandbox"]).connection == ["a"]
    assert parse(["logs", "X"]).connection == []
    assert parse(["--connection", "a", "--connection", "b", "--check"]).connection == ["a", "b"]
    assert parse(["--sandbox"]).sandbox


def test_marks_between_lines_are_words() -> None:
    source = LogSource(1, "worker")
    assert describe(LogGap(source, 1_500_000_000, None)) == (
        "--- worker/1: lines may be missing here, from 1970-01-01T00:00:01.500000000Z "
        "to an unknown time ---"
    )
    assert describe(LogRestart(source, 3, 137)) == "--- worker/1: restart 3, exit code 137 ---"
    assert describe(LogNotice("No log yet.")) == "--- No log yet. ---"
