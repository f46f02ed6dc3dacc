"""The only place that turns names and texts into SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*\Z")
# Snowflake's reserved words that no identifier may be without quotes
# (docs.snowflake.com/en/sql-reference/reserved-keywords).
_RESERVED_WORDS = (
    "ACCOUNT ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CONNECTION "
    "CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER "
    "DATABASE DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR FROM FULL GRANT GROUP "
    "GSCLUSTER HAVING ILIKE IN INCREMENT INNER INSERT INTERSECT INTO IS ISSUE JOIN LATERAL LEFT "
    "LIKE LOCALTIME LOCALTIMESTAMP MINUS NATURAL NOT NULL OF ON OR ORDER ORGANIZATION QUALIFY "
    "REGEXP REVOKE RIGHT RLIKE ROW ROWS SAMPLE SCHEMA SELECT SET SOME START TABLE TABLESAMPLE "
    "THEN TO TRIGGER TRUE TRY_CAST UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHENEVER WHERE "
    "WITH"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())


def identifier(name: str) -> str:
    """The name as it is stored, quoted unless it reads the same without quotes.

    Names of services, databases and schemas are stored in upper case (contract 1.0), so that
    statements in the account's query history normally read as a person would write them.
    """
    if _PLAIN.match(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def service_name(key: ServiceKey) -> str:
    """`DB.SCHEMA.NAME`, each part quoted where it has to be."""
    return ".".join(identifier(part) for part in (key.database, key.schema, key.name))


def repository_name(path: str) -> str:
    """The qualified name behind `db/schema/repository`.

    A registry path is in lower case while the three names are unquoted identifiers, stored in
    upper case (contract 1.11).
    """
    return ".".join(identifier(part) for part in path.upper().split("/"))


def literal(text: str) -> str:
    """The text as a SQL string: Snowflake knows backslash escapes inside single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
