"""`sandbox fault` against a running sandbox, as from another terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spcs_worker_tui.sandbox.__main__ import main
from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LaunchedSandbox]:
    with launch(fleet="simulated", accounts=1, services=1, speed="instant", prefect=False) as one:
        yield one


def run(sandbox: LaunchedSandbox, *arguments: str) -> int:
    kind, *rest = arguments
    return main(["fault", kind, "--home", str(sandbox.home), *rest])


def test_set_list_and_clear(sandbox: LaunchedSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(sandbox, "snowflake", "hang", "--connection", "site-01", "--every", "2") == 0
    assert run(sandbox, "worker", "bad-image", "WORKER_0000", "--connection", "site-01") == 0
    capsys.readouterr()
    assert run(sandbox, "list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "snowflake hang connection site-01 on any every 2",
        "worker bad-image connection site-01 service WORKER_0000",
    ]
    assert run(sandbox, "clear") == 0
    assert capsys.readouterr().out == "No fault is on.\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("snowflake", "delay"), "delay needs seconds"),
        (("snowflake", "delay", "--seconds", "-3"), "no negative seconds"),
        (("worker", "kill", "NOBODY", "--connection", "site-01"), "no service 'NOBODY'"),
        (("worker", "kill", "WORKER_0000", "--connection", "x"), "there is no connection 'x'"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    sandbox: LaunchedSandbox,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    complaint: str,
) -> None:
    assert run(sandbox, *arguments) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("spcs-worker-tui sandbox fault: ")
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_no_sandbox_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fault", "list", "--home", str(tmp_path)]) == 64
    assert f"there is no sandbox in {tmp_path}" in capsys.readouterr().err


def test_a_sandbox_that_has_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sandbox.json").write_text('{"url": "http://127.0.0.1:9", "control_token": "x"}')
    assert main(["fault", "list", "--home", str(tmp_path)]) == 69
    assert "does not answer" in capsys.readouterr().err


def test_only_who_has_the_token_may_set_faults(sandbox: LaunchedSandbox, tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text(f'{{"url": "{sandbox.url}", "control_token": "x"}}')
    assert main(["fault", "clear", "--home", str(tmp_path)]) == 69
