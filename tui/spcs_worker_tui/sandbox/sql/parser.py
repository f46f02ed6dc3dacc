"""Statement text to syntax trees: a recursive-descent parser over real tokens (contract 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql import files, grants, objects, select, services, show
from spcs_worker_tui.sandbox.sql.ast import Literal, Name, Statement, Use
from spcs_worker_tui.sandbox.sql.stream import TokenStream


def parse(text: str, binds: Sequence[Literal] = ()) -> list[Statement]:
    """The statements of a text, which semicolons separate.

    Args:
        text: What the client sent.
        binds: Values for `?` in order, and for `:1`, `:2` …

    Raises:
        SqlError: 001003 where the text does not fit the grammar, 000002 for what Snowflake has and
            the sandbox does not, 000900 when there is no statement in it.
    """
    stream = TokenStream(text, binds)
    statements: list[Statement] = []
    while True:
        while stream.accept_symbol(";"):
            pass
        if stream.at_end():
            break
        statements.append(_statement(stream))
        if not stream.at_end():
            raise stream.fail()
    if not statements:
        raise SqlError("000900", "42601", "SQL compilation error:\nEmpty SQL statement.")
    return statements


def parse_name(text: str) -> Name:
    """A name alone, as it stands in the settings of a connection.

    One that is no valid identifier as written is taken as if it were quoted.
    """
    try:
        stream = TokenStream(text)
        name = stream.plain_name()
    except SqlError:
        return Name((text,), (True,))
    return name if stream.at_end() else Name((text,), (True,))


def _statement(stream: TokenStream) -> Statement:
    word = stream.token.upper
    rule = _RULES.get(word)
    if rule is None:
        raise stream.fail()
    stream.advance()
    return rule(stream)


def _use(stream: TokenStream) -> Use:
    if stream.accept("SECONDARY ROLES"):
        word = stream.expect_one_of(("ALL", "NONE"))
        return Use("SECONDARY ROLES", Name((word,), (False,)))
    kind = stream.accept_one_of(("ROLE", "DATABASE", "SCHEMA", "WAREHOUSE"))
    return Use(kind or "DATABASE", stream.name())


_RULES: Mapping[str, Callable[[TokenStream], Statement]] = {
    "SHOW": show.show,
    "DESC": show.describe,
    "DESCRIBE": show.describe,
    "SELECT": select.select,
    "WITH": select.with_query,
    "CALL": select.call,
    "USE": _use,
    "CREATE": objects.create,
    "ALTER": objects.alter,
    "DROP": objects.drop,
    "EXECUTE": services.execute_job_service,
    "GRANT": grants.grant,
    "REVOKE": grants.revoke,
    "PUT": files.put,
    "GET": files.get,
    "LIST": files.list_files,
    "LS": files.list_files,
    "REMOVE": files.remove_files,
    "RM": files.remove_files,
}
