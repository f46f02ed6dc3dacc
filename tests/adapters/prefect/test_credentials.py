from __future__ import annotations

from pathlib import Path

import pytest

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.domain.keys import FoundKey, KeyKind, KeyName, Secret

CLOUD = "https://api.prefect.cloud/api/accounts/a/workspaces/w"
LOCAL = "http://127.0.0.1:4200/api"
PROFILES = f"""
active = "local"
[profiles.cloud]
PREFECT_API_URL = "{CLOUD}"
PREFECT_API_KEY = "pnu_cloud"
[profiles.old]
PREFECT_API_URL = "{LOCAL}"
PREFECT_API_AUTH_STRING = "old:old"
[profiles.local]
PREFECT_API_URL = "{LOCAL}/"
PREFECT_API_AUTH_STRING = "ops:local"
PREFECT_API_TLS_INSECURE_SKIP_VERIFY = true
[profiles.headers]
PREFECT_API_URL = "http://proxied/api"
PREFECT_CLIENT_CUSTOM_HEADERS = '{{"X-Token": "t", "X-Bad": 3}}'
"""


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILES)
    return path


def test_a_profile_of_that_api(profiles: Path) -> None:
    found = CredentialFinder({}, profiles).find(f"{CLOUD}/")
    assert (found.api_key, found.source) == ("pnu_cloud", "Prefect profile 'cloud'")


def test_the_active_profile_comes_first_and_the_slash_does_not_matter(profiles: Path) -> None:
    found = CredentialFinder({}, profiles).find(LOCAL)
    assert found.auth_string == "ops:local"
    assert not found.verify_tls
    assert CredentialFinder({"PREFECT_PROFILE": "old"}, profiles).find(LOCAL).auth_string == (
        "old:old"
    )


def test_the_environment_comes_before_profiles(profiles: Path) -> None:
    environ = {"PREFECT_API_URL": f" {LOCAL}/ ", "PREFECT_API_KEY": " pnu_env "}
    found = CredentialFinder(environ, profiles).find(LOCAL)
    assert (found.api_key, found.auth_string, found.source) == ("pnu_env", "", "the environment")


def test_the_environment_s_key_goes_to_no_other_api(profiles: Path) -> None:
    """Whoever writes a spec chooses the address; that must not get them the user's key."""
    for environ in ({"PREFECT_API_KEY": "k"}, {"PREFECT_API_URL": LOCAL, "PREFECT_API_KEY": "k"}):
        finder = CredentialFinder(environ, profiles)
        assert finder.find("https://evil.example/api").is_empty
        assert finder.find(LOCAL + ".evil.example").is_empty


def test_custom_headers_that_are_texts(profiles: Path) -> None:
    found = CredentialFinder({}, profiles).find("http://proxied/api")
    assert found.headers() == {"X-Token": "t"}


@pytest.mark.parametrize("bad", ["{", "[]", '"x"', "[" * 100_000])
def test_custom_headers_that_are_none(bad: str) -> None:
    environ = {
        "PREFECT_API_URL": LOCAL,
        "PREFECT_API_KEY": "k",
        "PREFECT_CLIENT_CUSTOM_HEADERS": bad,
    }
    found = CredentialFinder(environ).find(LOCAL)
    assert found.headers() == {"Authorization": "Bearer k"}
    assert "no JSON object" in found.problem


@pytest.mark.parametrize("key", ["has\nnewline", "sch\u00fcssel"])
def test_a_key_that_cannot_be_sent_is_left_out_and_said(key: str) -> None:
    found = CredentialFinder(
        {"PREFECT_API_URL": LOCAL, "PREFECT_API_AUTH_STRING": "a:b", "PREFECT_API_KEY": key}
    ).find(LOCAL)
    assert found.api_key == ""
    assert "PREFECT_API_KEY" in found.problem
    assert key not in found.problem


@pytest.mark.parametrize("content", ["not toml", "profiles = 3", "[profiles]\nx = 1", ""])
def test_a_profiles_file_that_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(content)
    found = CredentialFinder({}, path).find(LOCAL)
    assert found.is_empty
    assert bool(found.problem) == (content == "not toml")


def test_a_profiles_file_of_no_text(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in CredentialFinder({}, path).find(LOCAL).problem


def test_where_profiles_are(tmp_path: Path, profiles: Path) -> None:
    by_path = CredentialFinder({"PREFECT_PROFILES_PATH": str(profiles)})
    by_home = CredentialFinder({"PREFECT_HOME": str(tmp_path)})
    assert by_path.find(CLOUD) == by_home.find(CLOUD) != Credentials()
    assert CredentialFinder({"PREFECT_HOME": str(tmp_path / "none")}).find(CLOUD).is_empty


class Kept:
    """A `KeySource` that has keys for some APIs, and remembers what it was asked for."""

    def __init__(self, problem: str = "", **keys: str) -> None:
        self.problem = problem
        self.keys = {KeyKind(kind): value for kind, value in keys.items()}
        self.asked: list[KeyName] = []

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        self.asked.append(name)
        if (value := self.keys.get(name.kind)) is not None:
            return FoundKey(Secret(value), "the keyring")
        return FoundKey(problem=self.problem)


async def test_a_keyring_is_asked_last(profiles: Path) -> None:
    kept = Kept(**{"api-key": "kept"})
    finder = CredentialFinder({}, profiles, kept)
    assert (await finder.find_everywhere(CLOUD)).api_key == "pnu_cloud"
    assert kept.asked == []
    found = await finder.find_everywhere("http://other/api/")
    assert (found.api_key, found.source) == ("kept", "the keyring")
    assert {name.owner for name in kept.asked} == {"http://other/api"}


async def test_a_profile_without_a_key_keeps_its_other_settings(profiles: Path) -> None:
    kept = Kept(**{"auth-string": "ops:kept"})
    found = await CredentialFinder({}, profiles, kept).find_everywhere("http://proxied/api")
    assert found.headers() == {"X-Token": "t", "Authorization": "Basic b3BzOmtlcHQ="}


async def test_a_keyring_that_cannot_be_asked_is_named_as_the_problem(profiles: Path) -> None:
    kept = Kept("the keyring is locked")
    found = await CredentialFinder({}, profiles, kept).find_everywhere("http://other/api")
    assert found.is_empty
    assert found.problem == "Its Prefect API key is kept, but the keyring is locked"


def test_which_apis_are_known_and_where_their_keys_are(profiles: Path) -> None:
    known = CredentialFinder({"PREFECT_API_URL": "http://env/api"}, profiles).known()
    assert {(need.name.owner, need.source) for need in known} == {
        ("http://env/api", ""),
        (CLOUD, "Prefect profile 'cloud'"),
        (LOCAL, "Prefect profile 'local'"),
        ("http://proxied/api", ""),
    }


def test_secrets_stay_out_of_repr() -> None:
    secret = Credentials("pnu_secret", "ops:secret", {"X": "secret"}, source="env")
    assert "secret" not in repr(secret)
