"""Statements through the real connector: answers, errors, and everything that takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import snowflake.connector
from snowflake.connector import aio
from snowflake.connector.errors import DatabaseError, ProgrammingError

from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.results import Column, Kind, Table
from spcs_worker_tui.sandbox.server import SandboxSettings
from support.catalogue import Lab, add_service, new_lab
from support.sandbox import RunningSandbox, running_sandbox
from support.slow import SlowExecutor


class Bench:
    """A sandbox with a slow executor, and one open connection to it."""

    def __init__(self, sandbox: RunningSandbox, slow: SlowExecutor, clock: ManualClock) -> None:
        self.sandbox = sandbox
        self.slow = slow
        self.clock = clock
        self.connection: Any = None

    async def run(self, text: str, *arguments: Any, **options: Any) -> Any:
        cursor = self.connection.cursor()
        await cursor.execute(text, *arguments, **options)
        return cursor

    async def rows(self, text: str, *arguments: Any, **options: Any) -> list[Any]:
        return list(await (await self.run(text, *arguments, **options)).fetchall())

    def codes(self, text: str) -> list[str]:
        return [entry.code for entry in self.sandbox.journal if entry.text == text]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    lab = new_lab()
    add_service(lab)
    slow = SlowExecutor(lab.executor)
    clock = ManualClock()
    settings = SandboxSettings(hold_seconds=0.2, session_token_seconds=60, master_token_seconds=600)

    def wrap(_: Lab) -> SlowExecutor:
        return slow

    async with running_sandbox(lab, clock=clock, settings=settings, executor=wrap) as sandbox:
        bench = Bench(sandbox, slow, clock)
        async with await aio.connect(**sandbox.connection()) as bench.connection:
            yield bench


async def until(condition: Callable[[], bool]) -> None:
    """Poll, with a deadline that only a defect reaches."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is watched has no event
            await asyncio.sleep(0.01)


async def test_each_kind_of_column_arrives_as_its_own_type(bench: Bench) -> None:
    moment = datetime(2026, 5, 4, 3, 2, 1, 987654, tzinfo=UTC)
    before = datetime(1969, 12, 31, 23, 59, 58, 250000, tzinfo=UTC)
    cells = [
        ("text", Kind.TEXT, "it's <b>", "it's <b>"),
        ("n", Kind.FIXED, -7, -7),
        ("f", Kind.REAL, 0.5, 0.5),
        ("yes", Kind.BOOLEAN, True, True),
        ("no", Kind.BOOLEAN, False, False),
        ("null", Kind.BOOLEAN, None, None),
        ("ltz", Kind.TIMESTAMP_LTZ, moment, moment.replace(microsecond=987000)),
        ("early", Kind.TIMESTAMP_LTZ, before, before),
        ("ntz", Kind.TIMESTAMP_NTZ, moment, moment.replace(tzinfo=None)),
        ("object", Kind.OBJECT, '{"a": 1}', '{"a": 1}'),
    ]
    bench.slow.table = Table(
        tuple(Column(name, kind) for name, kind, _, _ in cells),
        (tuple(value for _, _, value, _ in cells),),
    )
    cursor = await bench.run("CALL TEST$TABLE()")
    (row,) = await cursor.fetchall()
    assert list(row) == [expected for _, _, _, expected in cells]
    assert [column.name for column in cursor.description] == [name for name, _, _, _ in cells]


async def test_a_timestamp_is_shown_in_the_session_s_time_zone(bench: Bench) -> None:
    moment = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    bench.slow.table = Table((Column("t", Kind.TIMESTAMP_LTZ),), ((moment,),))
    ((value,),) = await bench.rows("CALL TEST$TABLE()")
    assert value == moment
    assert value.utcoffset().total_seconds() == -7 * 3600


async def test_an_empty_answer_keeps_its_columns(bench: Bench) -> None:
    cursor = await bench.run("SHOW SERVICES LIKE 'nothing like it' IN ACCOUNT")
    assert await cursor.fetchall() == []
    assert cursor.description[0].name == "name"


async def test_an_error_carries_its_number_and_state(bench: Bench) -> None:
    with pytest.raises(ProgrammingError) as caught:
        await bench.run("ALTER SERVICE d.s.svc SET PREFECT_API_URL = 'x'")
    assert (caught.value.errno, caught.value.sqlstate) == (1003, "42000")
    assert "line 1 at position 26 unexpected 'PREFECT_API_URL'" in str(caught.value)
    with pytest.raises(ProgrammingError) as caught:
        await bench.run("CALL TEST$REFUSE()")
    assert (caught.value.errno, caught.value.sqlstate) == (3001, "42501")


async def test_a_defect_in_one_statement_leaves_the_server_alive(bench: Bench) -> None:
    with pytest.raises(DatabaseError) as caught:
        await bench.run("CALL TEST$FAIL()")
    assert caught.value.errno == 603
    assert await bench.rows("SELECT 1") == [(1,)]


async def test_a_use_is_taken_over_by_the_connection(bench: Bench) -> None:
    await bench.run("USE SCHEMA d.s")
    assert bench.connection.database == "D"
    assert bench.connection.schema == "S"
    assert len(await bench.rows("SHOW SERVICES LIKE 'svc'")) == 1


async def test_values_substituted_by_the_client_arrive_as_they_were(bench: Bench) -> None:
    values = ("it's", 'a \\ b "c"\n', 5, True, None, "100%")
    rows = await bench.rows("SELECT %s, %s, %s, %s, %s, %s", values)
    assert rows == [values]


@pytest.mark.parametrize(
    ("style", "text"), [("qmark", "SELECT ?, ?, ?, ?, ?"), ("numeric", "SELECT :1, :2, :3, :4, :5")]
)
async def test_values_bound_by_the_server_arrive_as_they_were(
    bench: Bench, style: str, text: str
) -> None:
    values = ("it's", 5, True, None, 1.5)
    async with await aio.connect(**bench.sandbox.connection(paramstyle=style)) as connection:
        cursor = connection.cursor()
        await cursor.execute(text, values)
        assert await cursor.fetchall() == [values]


async def test_a_name_can_be_bound(bench: Bench) -> None:
    async with await aio.connect(**bench.sandbox.connection(paramstyle="qmark")) as connection:
        cursor = connection.cursor()
        await cursor.execute("DESCRIBE SERVICE IDENTIFIER(?)", ("d.s.svc",))
        assert (await cursor.fetchone())[0] == "SVC"


async def test_several_statements_at_a_time(bench: Bench) -> None:
    cursor = await bench.run("SELECT 1; SELECT 'b';", num_statements=2)
    assert await cursor.fetchall() == [(1,)]
    assert await cursor.nextset()
    assert await cursor.fetchall() == [("b",)]
    with pytest.raises(ProgrammingError) as caught:
        await bench.run("SELECT 1; SELECT 2")
    assert caught.value.errno == 8
    with pytest.raises(ProgrammingError) as caught:
        await bench.run("SELECT 1; CALL TEST$REFUSE()", num_statements=2)
    assert caught.value.errno == 3001


async def test_a_cancelled_await_aborts_the_statement(bench: Bench) -> None:
    waiting = asyncio.create_task(bench.run("CALL TEST$WAIT()"))
    await bench.slow.started.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: bench.slow.cancelled == 1)
    await until(lambda: bench.codes("CALL TEST$WAIT()") == ["000604"])
    assert await bench.rows("SELECT 1") == [(1,)]


async def test_a_long_statement_is_waited_for_over_several_requests(bench: Bench) -> None:
    waiting = asyncio.create_task(bench.rows("CALL TEST$WAIT()"))
    await bench.slow.started.wait()
    # Three times as long as the server holds a request.
    await asyncio.sleep(3 * bench.sandbox.server.settings.hold_seconds)
    bench.slow.release.set()
    assert await waiting == [("waited",)]
    assert bench.slow.runs == 1


async def test_statements_of_one_connection_run_side_by_side(bench: Bench) -> None:
    waiting = asyncio.create_task(bench.rows("CALL TEST$WAIT()"))
    await bench.slow.started.wait()
    assert await bench.rows("SELECT 1") == [(1,)]
    bench.slow.release.set()
    assert await waiting == [("waited",)]


async def test_an_asynchronous_statement_is_polled_and_fetched(bench: Bench) -> None:
    cursor = bench.connection.cursor()
    await cursor.execute_async("CALL TEST$WAIT()")
    query_id = cursor.sfqid
    status = await bench.connection.get_query_status(query_id)
    assert bench.connection.is_still_running(status)
    bench.slow.release.set()
    await cursor.get_results_from_sfqid(query_id)
    assert await cursor.fetchall() == [("waited",)]
    status = await bench.connection.get_query_status(query_id)
    assert status.name == "SUCCESS"


async def test_a_failed_asynchronous_statement_says_so(bench: Bench) -> None:
    cursor = bench.connection.cursor()
    await cursor.execute_async("CALL TEST$REFUSE()")
    with pytest.raises(ProgrammingError) as caught:
        await cursor.get_results_from_sfqid(cursor.sfqid)
    assert caught.value.errno == 3001


async def test_an_earlier_answer_can_be_scanned(bench: Bench) -> None:
    await bench.run("SHOW SERVICES IN ACCOUNT")
    assert await bench.rows('SELECT "status", "name" FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))') == [
        ("PENDING", "SVC")
    ]
    ((query_id,),) = await bench.rows("SELECT LAST_QUERY_ID()")
    assert await bench.rows("SELECT * FROM TABLE(RESULT_SCAN(%s))", (query_id,)) == [
        ("PENDING", "SVC")
    ]
    with pytest.raises(ProgrammingError) as caught:
        await bench.run("SELECT name FROM TABLE(RESULT_SCAN(%s))", (query_id,))
    assert caught.value.errno == 904


async def test_an_expired_session_token_is_renewed_without_a_word(bench: Bench) -> None:
    await bench.clock.advance(61)
    assert await bench.rows("SELECT 1") == [(1,)]


async def test_statements_side_by_side_survive_an_expired_token(bench: Bench) -> None:
    await bench.clock.advance(61)
    answers = await asyncio.gather(*(bench.rows("SELECT %s", (n,)) for n in range(8)))
    assert answers == [[(n,)] for n in range(8)]


async def test_an_expired_master_token_ends_the_connection(bench: Bench) -> None:
    await bench.clock.advance(601)
    with pytest.raises(DatabaseError) as caught:
        await bench.run("SELECT 1")
    assert caught.value.errno == 390114


async def test_a_closed_session_is_said_to_be_gone(bench: Bench) -> None:
    (session,) = bench.sandbox.server.wire.sessions.all()
    bench.sandbox.server.wire.sessions.close(session)
    with pytest.raises(DatabaseError) as caught:
        await bench.run("SELECT 1")
    assert caught.value.errno == 390111


async def test_closing_a_connection_ends_its_session(bench: Bench) -> None:
    sessions = bench.sandbox.server.wire.sessions
    assert len(sessions.all()) == 1
    await bench.connection.close()
    assert sessions.all() == []


async def test_a_statement_over_its_time_is_cancelled(bench: Bench) -> None:
    (session,) = bench.sandbox.server.wire.sessions.all()
    session.context.parameters["STATEMENT_TIMEOUT_IN_SECONDS"] = "30"
    waiting = asyncio.create_task(bench.run("CALL TEST$WAIT()"))
    await bench.slow.started.wait()
    await bench.clock.advance(31)
    with pytest.raises(DatabaseError) as caught:
        await waiting
    assert (caught.value.errno, caught.value.sqlstate) == (630, "57014")
    assert bench.slow.cancelled == 1


async def test_the_synchronous_connector_gets_the_same(bench: Bench) -> None:
    def work() -> tuple[Any, int]:
        with snowflake.connector.connect(**bench.sandbox.connection()) as connection:
            cursor = connection.cursor()
            rows = cursor.execute("SELECT %s, CURRENT_ROLE()", ("x",)).fetchall()
            try:
                cursor.execute("DESCRIBE SERVICE d.s.nothing")
            except ProgrammingError as error:
                return rows, error.errno
            return rows, 0

    assert await asyncio.to_thread(work) == ([("x", "DEPLOYER")], 2003)


async def test_the_journal_counts_statements_and_shows_no_secret(bench: Bench) -> None:
    bench.sandbox.server.wire.journal.clear()
    text = "CREATE SECRET d.s.k TYPE = PASSWORD USERNAME = 'u' PASSWORD = 'hunter2' COMMENT = 'c'"
    with pytest.raises(DatabaseError):
        await bench.run(text.replace("d.s.k", "nowhere.s.k"))
    with pytest.raises(DatabaseError):
        await bench.run("ALTER SECRET nowhere.s.k SET SECRET_STRING = $$hunter2$$ 'hunter2'")
    with pytest.raises(DatabaseError):
        await bench.run("ALTER SECRET nowhere.s.k SET SECRET_STRING = 'hunter2")
    await bench.run("SELECT 1")
    texts = bench.sandbox.statements
    assert len(texts) == 4
    assert not any("hunter2" in shown for shown in texts)
    assert "USERNAME = 'u'" in texts[0]
