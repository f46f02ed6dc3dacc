"""Broken connections: each is found and named, and well again after its cure."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.domain.doctor import Outcome
from support.doctoring import apply_fix, findings, only, wrong
from support.saved_connections import toml


@pytest.fixture
async def well(home: Any) -> Any:
    """A service that is well, seen through one connection that is."""
    await home.create("WORKER")
    assert not wrong(await findings())
    return home


def file_of(world: Any) -> Path:
    path: Path = world.program.home / "connections.toml"
    return path


async def test_no_file_at_all(well: Any) -> None:
    kept = file_of(well).read_text()
    file_of(well).unlink()

    finding = await only("connections-file")

    assert finding.outcome is Outcome.PROBLEM
    assert finding.cure is not None
    assert finding.cure.commands == ("spcs-worker-tui setup",)
    file_of(well).touch(0o600)
    file_of(well).write_text(kept)
    assert not wrong(await findings())


async def test_a_file_that_is_no_toml(well: Any) -> None:
    kept = file_of(well).read_text()
    file_of(well).write_text(kept + "\n[dev\n")

    finding = await only("connections-file")

    assert "is not valid TOML" in finding.text
    file_of(well).write_text(kept)
    assert not wrong(await findings())


async def test_a_connection_that_nobody_saved(well: Any) -> None:
    finding = await only("connections-file", "dve")

    assert "there is no connection 'dve'" in finding.text
    assert finding.cure is not None
    assert "Did you mean dev?" in finding.cure.words


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
async def test_a_file_that_others_can_read_or_write(well: Any, mode: int) -> None:
    file_of(well).chmod(mode)

    finding = await only("connections-permissions")

    assert finding.outcome is Outcome.PROBLEM
    assert f"{mode:04o}" in finding.text
    assert finding.cure is not None
    assert finding.cure.commands == (f"chmod 600 {file_of(well)}",)
    await apply_fix(finding)
    assert stat.S_IMODE(file_of(well).stat().st_mode) == 0o600
    assert not wrong(await findings())


async def test_a_file_without_secrets_that_others_can_read(home: Any) -> None:
    home.connections(dev={"password": None, "authenticator": "externalbrowser"})
    file_of(home).chmod(0o644)

    (finding,) = wrong(await findings(), "connections-permissions")

    assert finding.outcome is Outcome.NOTICE
    await apply_fix(finding)
    assert not wrong(await findings(), "connections-permissions")


async def test_settings_that_make_no_sense(well: Any) -> None:
    kept = file_of(well).read_text()
    well.connections(dev={"host": "https://127.0.0.1"})

    finding = await only("connection-settings")

    assert finding.subject == "dev"
    assert "host has to be a bare name" in finding.text
    file_of(well).write_text(kept)
    assert not wrong(await findings())


@pytest.mark.parametrize(
    ("changes", "text", "cure"),
    [
        ({"password": "wrong"}, "refused the sign-in of OPERATOR", "password"),
        ({"role": "NOBODY"}, "refused the sign-in", "role"),
        ({"port": 1}, "no connection to Snowflake with dev", "host, port"),
        ({"password": None}, "dev", "keyring"),
    ],
)
async def test_a_sign_in_that_fails(
    well: Any, changes: dict[str, Any], text: str, cure: str
) -> None:
    kept = file_of(well).read_text()
    well.connections(dev=changes)

    finding = await only("connection-login")

    assert finding.outcome is Outcome.PROBLEM
    assert text in finding.text
    assert finding.cure is not None
    assert cure in finding.cure.words
    file_of(well).write_text(kept)
    assert not wrong(await findings())


async def test_a_sign_in_that_needs_a_person_is_not_tried(home: Any) -> None:
    home.connections(dev={"password": None, "authenticator": "externalbrowser"})

    finding = await only("connection-login")

    assert finding.outcome is Outcome.UNKNOWN
    assert "externalbrowser" in finding.text


async def test_a_dead_connection_does_not_keep_the_others_from_being_looked_at(well: Any) -> None:
    well.connections(dead={"port": 1}, dev={})

    found = await findings()

    assert [one.subject for one in wrong(found)] == ["dead"]
    assert any(one.service is not None for one in found if one.connection == "dev")


async def test_no_secret_of_the_file_is_in_a_finding(well: Any) -> None:
    well.connections(dev={"password": "distinctive-one"}, other={"password": "distinctive-two"})
    text = file_of(well).read_text() + toml(
        {"third": {"account": "x", "token": "distinctive-three"}}
    )
    file_of(well).write_text(text)

    said = repr(await findings())

    assert "distinctive" not in said
