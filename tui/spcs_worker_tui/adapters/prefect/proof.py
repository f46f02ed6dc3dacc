"""Whether a Prefect API takes the credentials that are saved for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.domain.errors import PrefectError, PrefectUnauthorizedError

# Read everywhere that workers are, Prefect Cloud included; /health answers whoever asks
# (prefect-contract 1.2).
_PATH = "/work_pools/filter"
_ONE: Mapping[str, Any] = {"limit": 1}


async def prove(credentials: CredentialFinder, api_url: str) -> str:
    """Ask with the credentials, and, when that works, without: only then they are proved.

    Returns:
        One sentence.

    Raises:
        PrefectError: The API refuses them, or does not answer.
    """
    return await prove_with(await credentials.find_everywhere(api_url), api_url)


async def prove_with(found: Credentials, api_url: str) -> str:
    """`prove`, with these credentials and no other.

    Raises:
        PrefectError: The API refuses them, or does not answer.
    """
    await _ask(api_url, found)
    if found.is_empty:
        return "answers, and asks nobody for a key; none is kept"
    bare = Credentials(ca_file=found.ca_file, verify_tls=found.verify_tls)
    try:
        await _ask(api_url, bare)
    except PrefectUnauthorizedError:
        return f"takes the key from {found.source}"
    except PrefectError:
        return f"answers with the key from {found.source}"
    return f"answers with the key from {found.source}, and without any as well: it asks nobody"


async def _ask(api_url: str, credentials: Credentials) -> None:
    http = PrefectHttp(api_url, credentials)
    try:
        await http.post(_PATH, _ONE)
    finally:
        await http.close()
