"""What is said where a command is missing or misspelt."""

from __future__ import annotations

import pytest

from spcs_worker_tui.cli.arguments import parse

GROUPS = {
    "pool": ["pause", "resume", "limit", "create", "prune-workers", "smoke"],
    "env": ["list", "set", "unset", "import", "diff"],
    "keys": ["list", "set", "delete", "test"],
    "project": ["show", "keys", "schema"],
}


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 64
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_says_which_commands_it_has(
    capsys: pytest.CaptureFixture[str], group: str
) -> None:
    said = complaint(capsys, group)
    assert said.startswith(f"spcs-worker-tui {group}: say which: ")
    for name in GROUPS[group]:
        assert f" {name}" in said


def test_a_misspelt_command_of_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(capsys, "pool", "prune_worker")
    assert said.startswith("spcs-worker-tui pool: there is no 'prune_worker'")
    assert "did you mean 'prune-workers'?" in said
    assert " pause, " in said


def test_a_misspelt_command(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(capsys, "rolback", "X")
    assert said.startswith("spcs-worker-tui: there is no 'rolback'; did you mean 'rollback'? ")
    assert " suspend, " in said
