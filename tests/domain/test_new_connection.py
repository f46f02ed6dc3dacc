from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import KeyKind
from spcs_worker_tui.domain.new_connection import (
    Address,
    NewConnection,
    SignInWay,
    checked_address,
    checked_connection,
)

TYPED = {"name": "dev", "account": "ACME-MAIN", "user": "ADA"}


@pytest.mark.parametrize(
    ("typed", "account"),
    [
        ("ACME-MAIN", "ACME-MAIN"),
        ("xy12345.eu-central-1", "xy12345.eu-central-1"),
        ("https://acme-main.snowflakecomputing.com", "acme-main"),
        ("acme-main.snowflakecomputing.com", "acme-main"),
        ("xy12345.eu-central-1.snowflakecomputing.cn", "xy12345.eu-central-1"),
        ("https://acme-main.snowflakecomputing.com/console/login#/", "acme-main"),
        ("https://app.snowflake.com/acme/main/#/homepage", "acme-main"),
    ],
)
def test_an_account_or_what_the_browser_shows_of_it(typed: str, account: str) -> None:
    assert checked_address(typed) == Address(account)


@pytest.mark.parametrize(
    ("typed", "host", "port", "protocol"),
    [
        ("localhost", "localhost", 0, ""),
        ("127.0.0.1:4242", "127.0.0.1", 4242, ""),
        ("http://127.0.0.1:4242", "127.0.0.1", 4242, "http"),
        ("https://a.privatelink.snowflakecomputing.com/", "a.privatelink.snowflakecomputing.com",
         443, "https"),
    ],
)  # fmt: skip
def test_a_host_of_its_own(typed: str, host: str, port: int, protocol: str) -> None:
    assert checked_address("ACME-MAIN", typed) == Address("ACME-MAIN", host, port, protocol)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "my dev"}, "cannot be the name"),
        ({"account": ""}, "account is missing"),
        ({"account": "https://example.com/x"}, "is no account"),
        ({"account": "a b"}, "is no account"),
        ({"account": "https://[x"}, "is no account"),
        ({"user": ""}, "user is missing"),
        ({"user": "a\x1b[31mb"}, "no user"),
        ({"role": "a;b"}, "no name of a role"),
        ({"host": "https://user:pw@x"}, "is no host"),
        ({"host": "ftp://x"}, "is no host"),
        ({"host": "x/y"}, "is no host"),
        ({"host": "x:99999999"}, "is no host"),
        ({"way": "snowflake_jwt"}, "file is missing"),
    ],
)
def test_what_cannot_be_is_said(changes: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        checked_connection(TYPED | changes)
    assert caught.value.next_step
    assert "pw" not in str(caught.value)


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_typed_is_an_address_or_a_sentence(account: str, host: str) -> None:
    said = ""
    try:
        said = checked_address(account, host).account
    except ConfigurationError as error:
        said = error.message
    assert said
    assert said.isprintable()


def test_each_way_has_its_secret_and_no_other() -> None:
    kinds = {way: way.secret for way in SignInWay}
    assert kinds == {
        SignInWay.PASSWORD: KeyKind.PASSWORD,
        SignInWay.KEY_PAIR: KeyKind.PASSPHRASE,
        SignInWay.ACCESS_TOKEN: KeyKind.TOKEN,
        SignInWay.BROWSER: None,
        SignInWay.MFA: KeyKind.PASSWORD,
        SignInWay.OAUTH: KeyKind.TOKEN,
    }


def test_what_is_written_holds_only_what_was_said() -> None:
    new = NewConnection("dev", Address("ACME-MAIN"), "ADA")
    assert dict(new.options) == {
        "account": "ACME-MAIN",
        "user": "ADA",
        "authenticator": "snowflake",
    }
