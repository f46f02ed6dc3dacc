"""The tear-down files, run with the real `snow sql -f`."""

from __future__ import annotations

import time

import pytest
import snowflake.connector

from support.sql_account import SqlAccount
from support.sql_files import files

pytestmark = pytest.mark.timeout(600)

LAST = {"drop_database": "PREFECT", "drop_schema": "WORKERS"}


def test_it_leaves_nothing_also_the_second_time(new_account: SqlAccount) -> None:
    untouched = new_account.contents()
    new_account.set_up()
    assert new_account.contents() != untouched
    for _ in range(2):
        new_account.ok(files("9"), **LAST)
        assert new_account.contents() == untouched


def test_each_file_takes_only_its_own(new_account: SqlAccount) -> None:
    """In order, and what is left after each; nothing goes that a later file is about."""
    new_account.set_up()
    left = {
        "90": ("SERVICES IN ACCOUNT", "WORKER"),
        "91": ("EXTERNAL ACCESS INTEGRATIONS", "PREFECT_ACCESS"),
        "92": ("COMPUTE POOLS", "WORKER_POOL"),
        "93": ("SECRETS IN ACCOUNT", "PREFECT_API_KEY"),
        "94": ("IMAGE REPOSITORIES IN ACCOUNT", "IMAGES"),
        "95": ("SCHEMAS IN ACCOUNT", "WORKERS"),
        "96": ("DATABASES", "PREFECT"),
        "97": ("ROLES", "PREFECT_OPERATOR"),
    }

    def there() -> set[str]:
        return {
            number
            for number, (kind, name) in left.items()
            if any(row["name"] == name for row in new_account.rows(f"SHOW {kind}"))
        }

    assert there() == set(left)
    for file in files("9"):
        new_account.execute(file, **LAST)
        # A service that is dropped is shown until its containers have ended.
        until = time.monotonic() + 30
        expected = {number for number in left if number > file.number}
        while (now := there()) != expected and time.monotonic() < until:
            time.sleep(0.1)
        assert now == expected


def test_a_pool_in_use_stays(account: SqlAccount) -> None:
    (pool,) = [file for file in files("9") if file.path.name == "92_drop_compute_pool.sql"]
    with pytest.raises(snowflake.connector.ProgrammingError, match="services exist in it"):
        account.execute(pool)


def test_the_set_up_s_variables_drop_nothing_at_all(account: SqlAccount) -> None:
    before = account.contents()
    answer = account.run(files("9"))
    assert answer.status == 1
    assert "is undefined" in answer.text
    assert account.contents() == before
