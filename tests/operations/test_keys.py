from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from spcs_worker_tui.domain.errors import ConfigurationError, KeyringError, UnknownConnectionError
from spcs_worker_tui.domain.keys import FoundKey, KeyKind, KeyName, KeyNeed, Secret
from spcs_worker_tui.operations.keys import Keychain, KeyDesk, KeyRow, Proofs, ask_for_missing

DEV = KeyName(KeyKind.PASSWORD, "dev", "operator@acme")
LOCKED = KeyringError("the keyring is locked", next_step="Unlock it.")
VARIABLE = "SNOWFLAKE_CONNECTIONS_DEV_PASSWORD"
API = "http://x/api"


class Store:
    """A keyring in memory, as the port says, that can be locked and can forget."""

    def __init__(self, dev: str = "") -> None:
        self.values = {DEV: Secret(dev)} if dev else {}
        self.noted = list(self.values)
        self.problem: KeyringError | None = None
        self.reads: list[KeyName] = []
        self.retried = 0
        self.garbles = False

    async def names(self) -> Sequence[KeyName]:
        return tuple(self.noted)

    async def describe(self) -> str:
        if self.problem:
            raise self.problem
        return "a test"

    async def get(self, name: KeyName) -> Secret | None:
        self.reads.append(name)
        await self.describe()
        return self.values.get(name)

    async def set(self, name: KeyName, secret: Secret) -> None:
        await self.describe()
        self.values[name] = Secret("?") if self.garbles else secret
        self.noted.append(name)

    async def delete(self, name: KeyName) -> bool:
        self.noted.remove(name)
        return self.values.pop(name, None) is not None

    def retry(self) -> None:
        self.retried += 1
        self.problem = None


async def test_where_a_key_is_looked_for_in_which_order() -> None:
    store = Store(dev="kept")
    environ = {VARIABLE: "variable"}
    chain = Keychain(store, environ)
    chain.hand_over(DEV, Secret("typed"))
    assert await chain.find(DEV) == FoundKey(Secret("variable"), VARIABLE)
    del environ[VARIABLE]
    assert await chain.find(DEV) == FoundKey(Secret("typed"), "what was typed")
    chain.forget(DEV)
    assert await chain.find(DEV) == FoundKey(Secret("kept"), "the keyring")


async def test_prefect_s_variables_belong_to_their_own_api() -> None:
    """The environment's key is for PREFECT_API_URL, which only Prefect's side compares."""
    chain = Keychain(Store(), {"PREFECT_API_KEY": "pnu_env"})
    assert await chain.find(KeyName.prefect("http://evil.example/api")) == FoundKey()


async def test_a_keyring_is_not_even_asked_for_what_was_never_kept() -> None:
    store = Store()
    store.problem = LOCKED
    assert await Keychain(store, {}).find(DEV) == FoundKey()
    assert store.reads == []


async def test_a_keyring_is_read_once_unless_a_person_asks_again() -> None:
    store = Store(dev="kept")
    chain = Keychain(store, {})
    await chain.find(DEV)
    store.values[DEV] = Secret("changed")
    assert (await chain.find(DEV)).secret == Secret("kept")
    assert len(store.reads) == 1
    assert (await chain.find(DEV, again=True)).secret == Secret("changed")


async def test_why_a_keyring_could_not_be_asked() -> None:
    store = Store(dev="kept")
    store.problem = LOCKED
    chain = Keychain(store, {})
    assert await chain.find(DEV) == FoundKey(problem="the keyring is locked")
    assert (await chain.find(DEV, again=True)).secret == Secret("kept")
    assert store.retried == 1


async def test_an_entry_that_somebody_deleted() -> None:
    store = Store(dev="kept")
    store.values.clear()
    assert (await Keychain(store, {}).find(DEV)).problem == "the keyring no longer has it"


async def test_only_what_is_nowhere_is_asked_for() -> None:
    other, third = (KeyName(KeyKind.TOKEN, name) for name in ("other", "third"))
    chain = Keychain(Store(dev="kept"), {})
    needs = [KeyNeed(DEV), KeyNeed(KeyName(KeyKind.PASSWORD, "own"), "its own settings")]
    asked: list[KeyName] = []

    def ask(name: KeyName) -> Secret | None:
        asked.append(name)
        return Secret("typed") if name == other else None

    await ask_for_missing([*needs, KeyNeed(other), KeyNeed(third)], chain, ask)
    assert asked == [other, third]
    assert (await chain.find(other)).secret == Secret("typed")
    assert (await chain.find(third)).secret is None


def desk(
    store: Store,
    known: Sequence[KeyNeed] = (),
    environ: dict[str, str] | None = None,
    prove: Callable[[str], str] = lambda owner: f"{owner} works",
) -> KeyDesk:
    def need_of(connection: str) -> KeyNeed:
        if connection != "dev":
            raise UnknownConnectionError(f"no {connection}")
        return KeyNeed(DEV)

    async def proof(owner: str) -> str:
        return prove(owner)

    chain = Keychain(store, environ or {})
    return KeyDesk(store, chain, lambda: known, need_of, Proofs(proof, proof, proof))


async def test_the_list_says_where_each_comes_from_and_reads_no_value() -> None:
    store = Store(dev="kept")
    store.problem = LOCKED
    own = KeyName(KeyKind.PASSWORD, "own")
    lacking = KeyName(KeyKind.TOKEN, "lacking")
    stale = KeyName(KeyKind.PASSWORD, "dev", "operator@before")
    api = KeyName.prefect(API)
    store.noted += [own, stale, api]
    known = [KeyNeed(DEV), KeyNeed(own, "its own settings"), KeyNeed(lacking)]
    assert await desk(store, known).rows() == [
        KeyRow(DEV, "the keyring", is_kept=True, is_used=True),
        KeyRow(own, "its own settings", is_kept=True, is_used=False),
        KeyRow(lacking, "", is_kept=False, is_used=False),
        KeyRow(stale, "the keyring", is_kept=True, is_used=False),
        KeyRow(api, "the keyring", is_kept=True, is_used=True),
    ]
    (row,) = await desk(Store(), known[:1], {VARIABLE: "x"}).rows()
    assert row == KeyRow(DEV, VARIABLE, is_kept=False, is_used=False)
    assert store.reads == []


async def test_a_key_is_named_by_its_connection_or_its_api() -> None:
    keys = desk(Store())
    assert (await keys.named("dev")).name == DEV
    assert (await keys.named(f"{API}/")).name == KeyName.prefect(API)
    auth = await keys.named(API, auth_string=True)
    assert auth.name.kind is KeyKind.AUTH_STRING
    for wrong in ("nope", "ftp://x/api"):
        with pytest.raises(ConfigurationError):
            await keys.named(wrong)
    with pytest.raises(ConfigurationError, match="auth string"):
        await keys.named("dev", auth_string=True)


async def test_what_is_kept_is_used_from_then_on() -> None:
    store = Store(dev="old")
    keys = desk(store)
    await keys._chain.find(DEV)
    await keys.keep(DEV, Secret("new"))
    assert (await keys._chain.find(DEV)).secret == Secret("new")


async def test_a_keyring_that_keeps_something_else_is_found_out() -> None:
    store = Store()
    store.garbles = True
    with pytest.raises(KeyringError, match="did not give"):
        await desk(store).keep(DEV, Secret("x"))


async def test_deleting_takes_every_key_of_that_owner() -> None:
    store = Store(dev="x")
    stale = KeyName(KeyKind.PASSWORD, "dev", "operator@before")
    api = KeyName.prefect(API)
    store.noted += [stale, api]
    store.values[api] = Secret("y")
    assert await desk(store).delete("dev") == [DEV]
    assert store.noted == [api]
    with pytest.raises(ConfigurationError, match="nothing is kept for 'dev'") as caught:
        await desk(store).delete("dev")
    assert API in caught.value.next_step
    assert await desk(store).delete(f"{API}/") == [api]


async def test_a_test_asks_who_the_key_is_for() -> None:
    keys = desk(Store())
    assert await keys.test("dev") == "dev works"
    assert await keys.test(f"{API}/") == f"{API} works"
