"""Secrets that cannot be made or changed, and what is said then: never the value."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from spcs_worker_tui.adapters.snowflake.quoting import literal
from spcs_worker_tui.domain.environment import (
    SetSecret,
)
from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.keys import Secret
from support.environments import done, edit, held, pieces, planned
from support.updating import SPEC, UpdateBench, ends

VALUE = "pnu_s3cret0123456789abcdefghijklmnop'$$\\x\"\n"
NAME = "D.S.WORKER_PREFECT_API_KEY"
SET = SetSecret("PREFECT_API_KEY", Secret(VALUE))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def test_a_secret_in_a_schema_that_the_role_may_not_enter(bench: UpdateBench) -> None:
    await bench.lab.sql("CREATE SCHEMA D.VAULT; USE SCHEMA D.S")
    await bench.lab.sql("CREATE SECRET D.VAULT.K TYPE = GENERIC_STRING SECRET_STRING = 'x'")
    await bench.create(
        SPEC + "    secrets:\n    - snowflakeSecret: D.VAULT.K\n"
        "      secretKeyRef: secret_string\n      envVarName: PREFECT_API_KEY\n"
    )
    bench.lab.account.databases["D"].schemas["VAULT"].grants.owner = "ACCOUNTADMIN"

    with pytest.raises(PlanRefusedError, match="cannot be seen") as refused:
        await planned(bench, SET)

    assert refused.value.next_step == "Ask for: GRANT USAGE ON SCHEMA D.VAULT TO ROLE DEPLOYER"


async def test_a_secret_of_another_type_is_left_alone(bench: UpdateBench) -> None:
    await bench.create()
    await bench.lab.sql(f"CREATE SECRET {NAME} TYPE = PASSWORD USERNAME = 'u' PASSWORD = 'p'")

    with pytest.raises(PlanRefusedError, match="of type PASSWORD") as refused:
        await planned(bench, SET)

    assert refused.value.next_step


async def test_part_of_a_password_secret_is_not_a_text_of_its_own(bench: UpdateBench) -> None:
    await bench.lab.sql("CREATE SECRET PW TYPE = PASSWORD USERNAME = 'u' PASSWORD = 'p'")
    await bench.create(
        SPEC + "    secrets:\n    - snowflakeSecret: PW\n"
        "      secretKeyRef: password\n      envVarName: PREFECT_API_KEY\n"
    )

    with pytest.raises(PlanRefusedError, match="is the password of secret PW") as refused:
        await planned(bench, SET)

    assert refused.value.next_step


async def test_a_secret_that_somebody_else_made_is_not_overwritten(bench: UpdateBench) -> None:
    await bench.create()
    await bench.lab.sql(f"CREATE SECRET {NAME} TYPE = GENERIC_STRING SECRET_STRING = 'theirs'")

    with pytest.raises(PlanRefusedError, match="was not made for this variable") as refused:
        await planned(bench, SET)

    assert "--from-secret" in refused.value.next_step
    assert held(bench, NAME) == "theirs"


async def test_one_secret_cannot_get_two_values(bench: UpdateBench) -> None:
    entry = "    - snowflakeSecret: KEY\n      secretKeyRef: secret_string\n      envVarName: "
    await bench.create(f"{SPEC}    secrets:\n{entry}A\n{entry}B\n")

    with pytest.raises(PlanRefusedError, match="two values at once"):
        await planned(bench, SetSecret("A", Secret("x")), SetSecret("B", Secret("y")))


async def test_nothing_is_no_secret(bench: UpdateBench) -> None:
    await bench.create()

    with pytest.raises(ConfigurationError, match="nothing was given as the value of A"):
        await planned(bench, SetSecret("A", Secret("")))


async def test_without_the_privilege_one_sentence_and_what_to_ask_for(bench: UpdateBench) -> None:
    await bench.create()
    change = await planned(bench, SET)
    schema = bench.lab.account.databases["D"].schemas["S"]
    schema.grants.owner = "ACCOUNTADMIN"
    for held_ in schema.grants.privileges.values():
        held_.discard("CREATE SECRET")
    bench.lab.allow("DEPLOYER", schema.grants)

    events = await done(change)

    assert ends(events) == ["secret-1 failed"]
    error = events[-1].error
    assert error is not None
    assert "Insufficient privileges" in str(error)
    assert error.next_step == "Ask for: GRANT CREATE SECRET ON SCHEMA D.S TO ROLE DEPLOYER"


async def test_a_secret_that_the_role_cannot_see_is_not_taken_for_ours(bench: UpdateBench) -> None:
    await bench.create()
    change = await planned(bench, SET)
    await bench.lab.sql(
        f"CREATE SECRET {NAME} TYPE = GENERIC_STRING SECRET_STRING = 'theirs'", role="ACCOUNTADMIN"
    )

    events = await done(change)

    assert ends(events) == ["secret-1 failed"]
    assert events[-1].error is not None
    assert events[-1].error.next_step
    assert held(bench, NAME) == "theirs"


async def test_no_value_leaks_through_errors_or_logs(
    bench: UpdateBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Even where Snowflake's answer quotes a piece of it, and the connector logs all it can."""
    await bench.create()
    caplog.set_level(0)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("snowflake"):
            caplog.set_level(0, name)
    value = "s3cretpart1 s3cretpart2"
    broken = f"'' {value}"
    monkeypatch.setattr(
        "spcs_worker_tui.adapters.snowflake.secret_changes.literal",
        lambda text: broken if text == value else literal(text),
    )
    raw = await bench.lab.refusal(f"CREATE SECRET X TYPE = GENERIC_STRING SECRET_STRING = {broken}")
    assert "s3cretpart1" in raw.message

    events = await edit(bench, SetSecret("PREFECT_API_KEY", Secret(value)))

    assert ends(events) == ["secret-1 failed"]
    errors = [*chain(events[-1].error)]
    text = "\n".join(f"{e!r} {e} {vars(e)}" for e in errors) + caplog.text + repr(bench.audit.kept)
    found = [piece for piece in pieces(value) if piece.casefold() in text.casefold()]
    assert found == []
    assert any(record.name.startswith("snowflake") for record in caplog.records)
