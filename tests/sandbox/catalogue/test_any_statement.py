"""Whatever the parser understands is answered with a table or an SQL error, and nothing breaks."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.ast import Name, Statement
from support.catalogue import add_service, new_lab
from support.sql import STATEMENTS

# Names that exist, so that statements get further than to their name; two that are odd.
KNOWN = [
    ("SVC",),
    ("D", "S", "SVC"),
    ("S", "REPO"),
    ("P",),
    ("D",),
    ("S",),
    ("D", "S"),
    ("COMPUTE_WH",),
    ("DEPLOYER",),
    ("K",),
    ("A.B",),
    ("",),
]
NAMES = st.sampled_from(KNOWN).map(Name)


@st.composite
def _aimed(draw: st.DrawFn) -> Statement:
    statement = draw(STATEMENTS)
    for field in fields(statement):
        if field.name in ("name", "compute_pool") and draw(st.integers(0, 3)):
            statement = replace(statement, **{field.name: draw(NAMES)})
    return statement


LOOK_AROUND = (
    "SHOW SERVICES IN ACCOUNT; SHOW COMPUTE POOLS; SHOW GRANTS TO ROLE ACCOUNTADMIN; "
    "SHOW SCHEMAS IN ACCOUNT; SHOW STAGES IN ACCOUNT; SHOW SECRETS IN ACCOUNT; SHOW WAREHOUSES; "
    "SHOW INTEGRATIONS; SHOW ROLES; SHOW IMAGE REPOSITORIES IN ACCOUNT"
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_aimed(), min_size=1, max_size=6), st.sampled_from(["ACCOUNTADMIN", "DEPLOYER"]))
def test_any_statements(statements: list[Statement], role: str) -> None:
    async def run() -> None:
        lab = new_lab()
        lab.platform.reaches = "DONE"
        add_service(lab)
        lab.session.role = role
        for statement in statements:
            with contextlib.suppress(SqlError):
                answer = await lab.run(statement)
                assert {len(row) for row in answer.rows} <= {len(answer.columns)}
        if lab.session.role in lab.account.roles:
            await lab.sql(LOOK_AROUND)

    asyncio.run(run())
