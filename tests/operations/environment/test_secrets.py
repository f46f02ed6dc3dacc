"""Values that go into Snowflake secrets, against the sandbox, with the real connector."""

from __future__ import annotations

import pytest

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.environment import (
    RenameVariable,
    SetSecret,
    SetVariable,
    UnsetVariable,
)
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.plan import Plan, StepProgress, StepState
from support.environments import done, edit, environments, held, pieces, planned, shown
from support.saved_connections import save
from support.updating import KEY, SPEC, UpdateBench, ends, said

VALUE = "pnu_s3cret0123456789abcdefghijklmnop'$$\\x\"\n"
OTHER = "pnu_0ther0123456789abcdefghijklmnop"
NAME = "D.S.WORKER_PREFECT_API_KEY"
MADE_BY_US = "PREFECT_API_KEY of D.S.WORKER, made by spcs-worker-tui"
SET = SetSecret("PREFECT_API_KEY", Secret(VALUE))


def everything(plan: Plan, events: list[StepProgress], bench: UpdateBench) -> str:
    """All that a person, a log or a file gets to see."""
    files = (path for path in bench.home.rglob("*") if path.is_file())
    kept = "\n".join(path.read_text("utf-8", "replace") for path in files)
    return f"{plan!r}\n{plan}\n{events!r}\n{said(events)}\n{bench.audit.kept!r}\n{kept}"


async def test_a_new_secret_is_made_and_referred_to(bench: UpdateBench) -> None:
    await bench.create()

    change = await planned(bench, SET, SetVariable("LEVEL", "DEBUG"))
    events = await done(change)

    assert ends(events) == [
        "secret-1 done",
        "specification done",
        "rollout done",
        "heartbeats done",
    ]
    assert change.plan.steps[0].statement == (
        f"CREATE SECRET {NAME} TYPE = GENERIC_STRING SECRET_STRING = '***' COMMENT = '{MADE_BY_US}'"
    )
    assert f"objectName: {NAME}" in change.plan.steps[1].statement
    assert f"worker: variable PREFECT_API_KEY added: secret {NAME}" in change.plan.differences
    assert held(bench, NAME) == VALUE
    found = await shown(bench)
    assert found["PREFECT_API_KEY"] == f"secret {NAME}"
    assert found["LEVEL"] == "DEBUG"
    text = f"{change!r}\n{everything(change.plan, events, bench)}"
    assert [piece for piece in pieces(VALUE) if piece in text] == []


@pytest.mark.parametrize(
    "change",
    [
        SetVariable("PREFECT_API_KEY", VALUE),
        SetVariable("HARMLESS", VALUE),
        SetVariable("DATABASE_URL", "postgres://me:hunter2hunter2@host/db"),
    ],
)
async def test_what_looks_like_a_key_is_never_a_literal(
    bench: UpdateBench, change: SetVariable
) -> None:
    await bench.create()

    made = await planned(bench, change)
    events = await done(made)

    assert (await shown(bench))[change.name] == f"secret D.S.WORKER_{change.name}"
    assert held(bench, f"D.S.WORKER_{change.name}") == change.value
    assert any("it goes into a Snowflake secret" in line for line in made.plan.warnings)
    assert change.value not in everything(made.plan, events, bench)


async def test_a_literal_that_becomes_a_key_by_its_new_name(bench: UpdateBench) -> None:
    await bench.create(SPEC + "      THING: swordfish\n")

    made = await planned(bench, RenameVariable("THING", "THING_PASSWORD"))
    events = await done(made)

    found = await shown(bench)
    assert found["THING_PASSWORD"] == "secret D.S.WORKER_THING_PASSWORD"
    assert "THING" not in found
    assert held(bench, "D.S.WORKER_THING_PASSWORD") == "swordfish"
    assert ends(events)[-1] == "heartbeats done"


async def test_another_value_alone_needs_a_restart_and_offers_it(bench: UpdateBench) -> None:
    await bench.create()
    await edit(bench, SET)
    before = bench.service.instances[0]

    change = await planned(bench, SetSecret("PREFECT_API_KEY", Secret(OTHER)))
    events = await done(change)

    assert ends(events) == ["secret-1 done"]
    assert change.plan.steps[0].statement == f"ALTER SECRET {NAME} SET SECRET_STRING = '***'"
    assert change.plan.differences == (
        f"worker: variable PREFECT_API_KEY: a new value for secret {NAME}",
    )
    assert any("add --restart" in line for line in change.plan.warnings)
    assert held(bench, NAME) == OTHER
    assert bench.service.instances[0] is before
    assert OTHER not in everything(change.plan, events, bench)

    again = await planned(bench, SetSecret("PREFECT_API_KEY", Secret(VALUE)), restart=True)
    events = await done(again)

    assert ends(events) == [
        "secret-1 done",
        "suspend done",
        "suspended done",
        "resume done",
        "ready done",
    ]
    assert held(bench, NAME) == VALUE
    assert bench.service.instances[0] is not before
    assert not any("add --restart" in line for line in again.plan.warnings)


async def test_a_suspended_service_sees_it_when_it_is_resumed(bench: UpdateBench) -> None:
    await bench.create()
    await edit(bench, SET)
    await bench.lab.sql("ALTER SERVICE WORKER SUSPEND")
    assert await bench.reconciler.reached(bench.service, ["SUSPENDED"], 20)

    change = await planned(bench, SetSecret("PREFECT_API_KEY", Secret(OTHER)))

    assert ends(await done(change)) == ["secret-1 done"]
    assert any("when it is resumed" in line for line in change.plan.warnings)
    assert bench.service.status == "SUSPENDED"


async def test_interrupted_at_any_step_the_same_again_finishes(bench: UpdateBench) -> None:
    await bench.create()
    edits = (SET, SetSecret("SECOND", Secret(OTHER)), SetVariable("LEVEL", "DEBUG"))
    ids = [step.id for step in (await planned(bench, *edits)).plan.steps]
    assert ids == ["secret-1", "secret-2", "specification", "rollout", "heartbeats"]

    for number, stop in enumerate(ids):
        variables = (f"K{number}", f"L{number}", f"M{number}")
        edits = (
            SetSecret(variables[0], Secret(VALUE)),
            SetSecret(variables[1], Secret(OTHER)),
            SetVariable(variables[2], "x"),
        )
        events = (await planned(bench, *edits)).apply()
        async for event in events:
            if event.step.id == stop and event.state is StepState.DONE:
                break
        await events.aclose()

        again = await planned(bench, *edits)
        ended = ends(await done(again))

        assert ended[-1] == "heartbeats done" or number == len(ids) - 1
        found = await shown(bench)
        assert [found[name] for name in variables] == [
            f"secret D.S.WORKER_K{number}",
            f"secret D.S.WORKER_L{number}",
            "x",
        ]
    own = [name for _, _, name in bench.lab.account.secrets if name.startswith("WORKER_")]
    assert len(own) == 2 * len(ids)


async def test_an_interrupted_restart_is_finished(bench: UpdateBench) -> None:
    await bench.create()
    await edit(bench, SET)
    change = SetSecret("PREFECT_API_KEY", Secret(OTHER))
    events = (await planned(bench, change, restart=True)).apply()
    async for event in events:
        if event.step.id == "suspended" and event.state is StepState.DONE:
            break
    await events.aclose()

    ended = ends(await edit(bench, change, restart=True))

    assert ended == ["secret-1 done", "resume done", "ready done"]
    assert bench.service.status == "RUNNING"


async def test_the_secret_that_it_has_is_used_wherever_it_is(bench: UpdateBench) -> None:
    await bench.create()
    await bench.lab.sql("CREATE SECRET \"k e\" TYPE = GENERIC_STRING SECRET_STRING = 'x'")
    for reference, name in (("key", "D.S.KEY"), ('D.S."k e"', "D.S.k e")):
        await bench.alter(
            SPEC + "    secrets:\n    - snowflakeSecret:\n"
            f"        objectName: '{reference}'\n"
            "      secretKeyRef: secret_string\n      envVarName: PREFECT_API_KEY\n"
        )
        assert await bench.reconciler.reached(bench.service, ["RUNNING"], 20)

        change = await planned(bench, SET)
        await done(change)

        assert held(bench, name) == VALUE
        assert any("was not made for this variable alone" in w for w in change.plan.warnings)
        assert "D.S.WORKER_PREFECT_API_KEY" not in map(".".join, bench.lab.account.secrets)


async def test_containers_do_not_share_a_secret_by_accident(bench: UpdateBench) -> None:
    await bench.create(SPEC + "  - name: side-car\n    image: /d/s/repo/worker:2.0\n")

    events = await edit(
        bench, SET, SetSecret("PREFECT_API_KEY", Secret(OTHER), container="side-car")
    )

    assert ends(events)[:3] == ["secret-1 done", "secret-2 done", "specification done"]
    assert held(bench, NAME) == VALUE
    assert held(bench, "D.S.WORKER_SIDE_CAR_PREFECT_API_KEY") == OTHER
    found = await (await environments(bench)).read(KEY)
    assert [(row.container, row.source) for row in found.rows if row.is_secret] == [
        ("worker", f"secret {NAME}"),
        ("side-car", "secret D.S.WORKER_SIDE_CAR_PREFECT_API_KEY"),
    ]


async def test_a_secret_that_was_dropped_is_made_again(bench: UpdateBench) -> None:
    await bench.create()
    await edit(bench, SET)
    await bench.lab.sql(f"DROP SECRET {NAME}")

    ended = ends(await edit(bench, SetSecret("PREFECT_API_KEY", Secret(OTHER))))

    assert ended[0] == "secret-1 done"
    assert held(bench, NAME) == OTHER


async def test_the_owner_of_the_service_may_read_a_secret_that_another_role_makes(
    bench: UpdateBench,
) -> None:
    await bench.create()
    table = bench.sandbox.connection(enable_server_session_keep_alive_auto_detection=None)
    save(bench.home, {"dev": table | {"role": "SYSADMIN"}})
    await bench.session.close()
    bench.session = ConnectorSession(read_connections().select(["dev"])[0])

    change = await planned(bench, SET)
    events = await done(change)

    assert f"GRANT READ ON SECRET {NAME} TO ROLE DEPLOYER" in {
        step.statement for step in change.plan.steps
    }
    assert ends(events)[-1] == "heartbeats done"


async def test_unset_leaves_the_secret(bench: UpdateBench) -> None:
    await bench.create()
    await edit(bench, SET)

    change = await planned(bench, UnsetVariable("PREFECT_API_KEY"))
    await done(change)

    assert "PREFECT_API_KEY" not in await shown(bench)
    assert held(bench, NAME) == VALUE
    assert f"Secret {NAME} stays; DROP SECRET removes it." in change.plan.warnings
