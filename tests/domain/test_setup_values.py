"""What a set-up reckons with: hosts that a service is let out to, and what nodes cost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.rates import CREDITS_AN_HOUR, cost_words
from spcs_worker_tui.domain.setup import Answers, checked, host_of
from spcs_worker_tui.operations.setup.account_pieces import lets_out


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.prefect.cloud/api/accounts/A/workspaces/W", "api.prefect.cloud:443"),
        ("http://prefect.example.com/api", "prefect.example.com:80"),
        ("http://10.0.0.7:4200/api", "10.0.0.7:4200"),
        ("https://prefect.example.com:8443/api/", "prefect.example.com:8443"),
        ("HTTPS://Prefect.Example.com/api", None),
    ],
)
def test_the_host_of_an_api(url: str, host: str | None) -> None:
    if host is None:
        with pytest.raises(ConfigurationError):
            host_of(url)
    else:
        assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        *("", "prefect.example.com/api", "ftp://x/api", "https:///api", "https://x:99999/api"),
        *("https://user:secret@x/api", "https://x:25/api", "https://x'y/api", "https://[::1]/api"),
    ],
)
def test_what_no_service_can_be_let_out_to(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        host_of(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("hosts", "wanted", "enough"),
    [
        (("api.prefect.cloud",), "api.prefect.cloud:443", True),
        (("api.prefect.cloud:443",), "api.prefect.cloud:443", True),
        (("api.prefect.cloud",), "api.prefect.cloud:4200", False),
        (("prefect.cloud",), "api.prefect.cloud:443", False),
        (("0.0.0.0:443",), "api.prefect.cloud:443", True),
        (("0.0.0.0:443",), "api.prefect.cloud:80", False),
        ((), "x:443", False),
    ],
)
def test_whether_a_network_rule_lets_out(hosts: tuple[str, ...], wanted: str, enough: bool) -> None:
    assert lets_out(hosts, wanted) is enough


def test_what_an_hour_costs() -> None:
    assert cost_words("CPU_X64_XS", 1, 1) == "0.06 credits an hour while it is up"
    assert cost_words("CPU_X64_S", 1, 3) == "0.11 to 0.33 credits an hour while it is up"
    assert "GEN_X64_G2_2 is not known" in cost_words("GEN_X64_G2_2", 1, 1)
    assert all(re.fullmatch(r"[A-Z0-9_]+", family) for family in CREDITS_AN_HOUR)


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = Answers(
        "a.b", "dev", "https://x/api", Path(), database="my db", schema="1", min_nodes=0
    )
    with pytest.raises(ConfigurationError) as refused:
        checked(wrong)
    assert len([str(refused.value), *refused.value.others]) == 4


def test_the_page_on_costs_says_the_same() -> None:
    page = (Path(__file__).parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")
    rates = dict(re.findall(r"\| ([A-Z0-9]+_[A-Z0-9_]+) \| ([0-9]+\.[0-9]+) (?=\|)", page))
    assert len(rates) >= 9
    assert {family: CREDITS_AN_HOUR[family] for family in rates} == {
        family: float(rate) for family, rate in rates.items()
    }
