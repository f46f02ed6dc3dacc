"""Literals changed against the sandbox, with the real connector."""

from __future__ import annotations

import pytest

from spcs_worker_tui.domain.environment import (
    Edit,
    RenameVariable,
    SetVariable,
    UnsetVariable,
    UseSecret,
)
from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from support.environments import done, edit, environments, planned, shown
from support.updating import FIRST, KEY, SPEC, UpdateBench, ends

DIRTY = (
    *("yes", "012", "null", ": ", "$$", "$$$$", "1.10", "- a", "#x", "", " x ", "a\nb\n", "{}"),
    *("é\t'\"\\", "*a", "!!str 1", "2026-01-01", "a: b", "\u2028", "\x1b[31m", "~", "0x1F", "%"),
)


def retag(bench: UpdateBench) -> None:
    """Somebody pushes another image under the deployed tag."""
    images = bench.lab.account.image_repositories["D", "S", "REPO"].images
    images[0].tags.discard("1.0")
    images[1].tags.add("1.0")


async def test_everything_about_literals_in_one_plan(bench: UpdateBench) -> None:
    await bench.create()

    change = await planned(
        bench,
        SetVariable("LEVEL", "DEBUG"),
        SetVariable("NEW", "1.10"),
        RenameVariable("PREFECT_WORK_POOL", "PREFECT_WORK_POOLS"),
        UnsetVariable("LEVLE"),
    )

    assert set(change.plan.differences) == {
        "worker: variable LEVEL: 'INFO' -> 'DEBUG'",
        "worker: variable PREFECT_WORK_POOLS added: 'spcs'",
        "worker: variable NEW added: '1.10'",
        "worker: variable PREFECT_WORK_POOL removed (was 'spcs')",
    }
    note = "There is no variable LEVLE in container worker; did you mean 'LEVEL'?"
    assert note in change.plan.warnings
    events = await done(change)
    assert ends(events) == ["specification done", "rollout done", "heartbeats done"]
    assert await shown(bench) == {
        "PREFECT_API_URL": "http://127.0.0.1:4200/api",
        "PREFECT_WORK_POOLS": "spcs",
        "LEVEL": "DEBUG",
        "NEW": "1.10",
    }
    again = await planned(bench, SetVariable("LEVEL", "DEBUG"), UnsetVariable("PREFECT_WORK_POOL"))
    assert again.plan.is_empty


async def test_every_value_arrives_as_it_is(bench: UpdateBench) -> None:
    await bench.create()
    names = [f"V{number}" for number in range(len(DIRTY))]

    await edit(bench, *map(SetVariable, names, DIRTY))

    found = await (await environments(bench)).read(KEY)
    values = {row.name: row.variable.value for row in found.rows}
    assert [values[name] for name in names] == list(DIRTY)
    assert (await planned(bench, *map(SetVariable, names, DIRTY))).plan.is_empty


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (SetVariable("1A", "x"), "'1A' is no name of an environment variable"),
        (SetVariable("A-B", "x"), "'A-B' is no name of an environment variable"),
        (SetVariable("A\n", "x"), "'A' is no name of an environment variable"),
        (SetVariable("", "x"), "'' is no name of an environment variable"),
        (SetVariable("SNOWFLAKE_HOST", "x"), "SNOWFLAKE_HOST is set by Snowflake"),
        (SetVariable("A", "x\0"), "the value of A holds a zero byte"),
        (SetVariable("A", "x\udc80"), "the value of A is not UTF-8 text"),
        (SetVariable("A", "x", "sidecar"), "has no container 'sidecar'"),
        (RenameVariable("LEVLE", "B"), "no variable LEVLE in container worker; did you mean"),
        (RenameVariable("LEVEL", "PREFECT_API_URL"), "PREFECT_API_URL is there already"),
        (RenameVariable("LEVEL", "a b"), "'a b' is no name of an environment variable"),
        (UseSecret("A", "D.S.KEY.X"), "'D.S.KEY.X' is no name of a secret"),
    ],
)
async def test_what_cannot_be_is_said_and_nothing_is_sent(
    bench: UpdateBench, wrong: Edit, said: str
) -> None:
    await bench.create()
    digest = bench.service.spec_digest

    with pytest.raises(ConfigurationError) as refused:
        await planned(bench, SetVariable("LEVEL", "DEBUG"), wrong)

    assert said in str(refused.value)
    assert refused.value.next_step
    assert bench.service.spec_digest == digest


async def test_a_variable_is_given_once(bench: UpdateBench) -> None:
    await bench.create()

    with pytest.raises(ConfigurationError, match="LEVEL is given twice"):
        await planned(bench, SetVariable("LEVEL", "A"), UnsetVariable("LEVEL"))


async def test_a_service_that_is_not_there(bench: UpdateBench) -> None:
    with pytest.raises(ConfigurationError, match=r"no service D\.S\.WORKER that role") as refused:
        await planned(bench, SetVariable("A", "x"))

    assert refused.value.next_step


async def test_a_secret_that_is_there_can_be_used(bench: UpdateBench) -> None:
    await bench.create()

    events = await edit(bench, UseSecret("PREFECT_API_KEY", "key"), UseSecret("LEVEL", "D.S.KEY"))

    assert ends(events)[0] == "specification done"
    found = await shown(bench)
    assert found["PREFECT_API_KEY"] == found["LEVEL"] == "secret D.S.KEY"
    back = await planned(bench, SetVariable("LEVEL", "x"))
    assert "LEVEL no longer comes from secret D.S.KEY." in back.plan.warnings


async def test_the_image_stays_though_its_tag_has_moved(bench: UpdateBench) -> None:
    await bench.create()
    retag(bench)

    change = await planned(bench, SetVariable("LEVEL", "DEBUG"))
    await done(change)

    assert [line for line in change.plan.differences if "image" in line] == []
    assert any("pinned by its digest" in line for line in change.plan.warnings)
    assert set(bench.running.values()) == {FIRST}


async def test_a_tag_that_still_means_the_deployed_image_is_left_alone(bench: UpdateBench) -> None:
    await bench.create()

    change = await planned(bench, SetVariable("LEVEL", "DEBUG"))

    assert "/d/s/repo/worker:1.0\n" in change.plan.steps[0].statement


async def test_a_tag_that_moves_after_the_plan_stops_it(bench: UpdateBench) -> None:
    await bench.create()
    change = await planned(bench, SetVariable("LEVEL", "DEBUG"))
    retag(bench)

    events = await done(change)

    assert ends(events) == ["specification failed"]
    assert "means another image since the plan was made" in str(events[-1].error)
    assert set(bench.running.values()) == {FIRST}


async def test_a_plan_made_before_somebody_elses_change_is_refused(bench: UpdateBench) -> None:
    await bench.create()
    read = await (await environments(bench)).read(KEY)
    change = await planned(bench, SetVariable("LEVEL", "DEBUG"), spec_digest=read.spec_digest)
    await bench.alter(SPEC.replace("LEVEL: INFO", "LEVEL: ERROR"))

    with pytest.raises(PlanRefusedError, match="LEVEL: 'INFO' -> 'ERROR'"):
        await done(change)
    with pytest.raises(PlanRefusedError, match="since its variables were read") as refused:
        await planned(bench, SetVariable("LEVEL", "DEBUG"), spec_digest=read.spec_digest)

    assert refused.value.next_step
    assert (await shown(bench))["LEVEL"] == "ERROR"


async def test_a_change_while_it_is_planned_is_not_undone(
    bench: UpdateBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look that the edits are made on and the one that the plan rests on."""
    await bench.create()
    read, left = bench.session.show_images, [1]

    async def meanwhile(repository: str) -> object:
        if left:
            left.pop()
            await bench.alter(SPEC + "      THEIRS: x\n")
        return await read(repository)

    monkeypatch.setattr(bench.session, "show_images", meanwhile)

    await edit(bench, SetVariable("LEVEL", "DEBUG"))

    found = await shown(bench)
    assert (found["LEVEL"], found["THEIRS"]) == ("DEBUG", "x")
