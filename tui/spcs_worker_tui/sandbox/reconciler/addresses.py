"""Addresses for instances."""

from __future__ import annotations

import itertools
import secrets
from ipaddress import IPv4Address, IPv4Network

_NETWORK = IPv4Network("127.64.0.0/10")


class LoopbackAddresses:
    """Gives every instance a loopback address of its own.

    Local processes share one network: only by address can several of them listen on port 8080.
    Linux answers for all of 127.0.0.0/8; elsewhere only 127.0.0.1 does, and two process
    containers cannot have the same port there.
    """

    def __init__(self) -> None:
        # At random, so that two sandboxes on one machine do not meet.
        self._next = itertools.count(secrets.randbelow(_NETWORK.num_addresses - 2))
        self._taken: set[str] = set()

    def take(self) -> str:
        """An address that no other living instance has."""
        while True:
            offset = next(self._next) % (_NETWORK.num_addresses - 2)
            address = str(IPv4Address(int(_NETWORK.network_address) + 1 + offset))
            if address not in self._taken:
                self._taken.add(address)
                return address

    def give_back(self, address: str) -> None:
        """The instance is gone."""
        self._taken.discard(address)


SHARED = LoopbackAddresses()
"""One for the whole process: several accounts live on the same loopback network."""
