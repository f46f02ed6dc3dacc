from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import (
    LONGEST,
    FoundKey,
    KeyKind,
    KeyName,
    Secret,
    checked,
    checked_url,
)

VALUE = "hunter2"


@dataclass
class Holder:
    secret: Secret


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(VALUE)
    found = FoundKey(secret, "the keyring")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!s:>40}", repr(found), repr([secret])]
    assert not any(VALUE in text for text in shown)
    assert secret.reveal() == VALUE


def test_a_secret_is_not_copied_into_files_or_tables() -> None:
    for write in (
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        lambda secret: dataclasses.asdict(Holder(secret)),
    ):
        with pytest.raises(TypeError) as caught:
            write(Secret(VALUE))
        assert VALUE not in str(caught.value)


def test_secrets_are_compared_by_value() -> None:
    assert Secret(VALUE) == Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE


@given(st.sampled_from(KeyKind), st.text(min_size=1), st.text())
def test_a_name_survives_the_keyring(kind: KeyKind, owner: str, audience: str) -> None:
    if any("\ud800" <= c <= "\udfff" for c in owner + audience):
        return
    name = KeyName(kind, owner, audience)
    assert KeyName.parse(name.entry) == name
    assert name.entry.isascii()
    assert name.entry.isprintable()


@pytest.mark.parametrize("entry", ["", "password", "password ", "nonsense x", " x"])
def test_what_is_no_name(entry: str) -> None:
    assert KeyName.parse(entry) is None


def test_an_api_is_the_same_with_and_without_its_last_slash() -> None:
    assert KeyName.prefect(" http://x/api/ ") == KeyName.prefect("http://x/api")


def test_a_connection_s_variables_are_those_of_snow() -> None:
    def variables(kind: KeyKind) -> tuple[str, ...]:
        return KeyName(kind, "my-dev").variables

    assert variables(KeyKind.PASSWORD) == ("SNOWFLAKE_CONNECTIONS_MY-DEV_PASSWORD",)
    assert variables(KeyKind.TOKEN) == ("SNOWFLAKE_CONNECTIONS_MY-DEV_TOKEN",)
    assert variables(KeyKind.PASSPHRASE) == (
        "SNOWFLAKE_CONNECTIONS_MY-DEV_PRIVATE_KEY_FILE_PWD",
        "PRIVATE_KEY_PASSPHRASE",
    )


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (KeyName(KeyKind.PASSWORD, "my-dev_1"), "keys set my-dev_1`"),
        (KeyName(KeyKind.PASSWORD, "a b"), "keys set 'a b'`"),
        (KeyName.prefect("http://x/api", KeyKind.AUTH_STRING), "http://x/api --auth-string`"),
    ],
)
def test_the_way_on_can_be_pasted(name: KeyName, command: str) -> None:
    assert command in name.ways_on


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (KeyKind.PASSWORD, " pass word \n", " pass word "),
        (KeyKind.PASSWORD, "pässwörd\r\n", "pässwörd"),
        (KeyKind.PASSPHRASE, "\t", "\t"),
        (KeyKind.TOKEN, "  token\n", "token"),
        (KeyKind.API_KEY, "pnu_1\n\n", "pnu_1"),
        (KeyKind.AUTH_STRING, "ops:wonder land\n", "ops:wonder land"),
        (KeyKind.PASSWORD, "x" * LONGEST, "x" * LONGEST),
    ],
)
def test_what_is_typed_or_piped_in(kind: KeyKind, text: str, value: str) -> None:
    assert checked(kind, text).reveal() == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (KeyKind.PASSWORD, ""),
        (KeyKind.PASSWORD, "\n"),
        (KeyKind.PASSWORD, "hunter2\nhunter3"),
        (KeyKind.PASSWORD, "hunter2\0"),
        (KeyKind.PASSWORD, "hunter2" * LONGEST),
        (KeyKind.TOKEN, "hunter2 hunter3"),
        (KeyKind.API_KEY, "hunter2ö"),
        (KeyKind.API_KEY, "hunter2\x1b[0m"),
        (KeyKind.AUTH_STRING, "hunter2"),
    ],
)
def test_what_is_no_key_is_refused_without_showing_it(kind: KeyKind, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"this is no {kind.words}") as caught:
        checked(kind, text)
    assert VALUE not in str(caught.value) + caught.value.next_step


@pytest.mark.parametrize("url", ["https://api.prefect.cloud/api", "http://127.0.0.1:4200/api/"])
def test_an_api_url(url: str) -> None:
    assert checked_url(f" {url}\n") == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/api",
        "http://",
        "http://[::1/api",
        "http://x/a b",
        "http://x/\x1b[31m",
        "https://ops:hunter2@x/api",
        "ftp://ops:hunter2@x/api",
    ],
)
def test_what_is_no_api_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_url(url)
    assert VALUE not in str(caught.value) + caught.value.next_step
