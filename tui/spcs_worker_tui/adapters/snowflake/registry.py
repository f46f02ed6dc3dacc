"""What pushing images needs of a session (contract 1.11, 5)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.snowflake.rows import text
from spcs_worker_tui.domain.building import ImageRepository
from spcs_worker_tui.domain.keys import Secret

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.snowflake.driver import Answer, IssuedToken

SHOW_IMAGE_REPOSITORIES = "SHOW IMAGE REPOSITORIES IN ACCOUNT"


class RegistryAccess(ABC):
    """The part of a session that leads to its account's image registry."""

    @abstractmethod
    async def _send(self, statement: str) -> Answer:
        """Send one statement."""

    @abstractmethod
    async def _issue_token(self) -> IssuedToken:
        """Have the account issue a token that lives on this session."""

    async def show_image_repositories(self) -> tuple[ImageRepository, ...]:
        """`SHOW IMAGE REPOSITORIES IN ACCOUNT`: those that the role may see."""
        answer = await self._send(SHOW_IMAGE_REPOSITORIES)
        return tuple(
            ImageRepository(
                path="/".join(
                    text(row, column) for column in ("database_name", "schema_name", "name")
                ).lower(),
                url=text(row, "repository_url"),
            )
            for row in answer.rows
        )

    async def registry_password(self) -> Secret:
        """A password for `0sessiontoken`: the JSON text that `snow` would print (contract 5)."""
        issued = await self._issue_token()
        return Secret(json.dumps({"token": issued.token.reveal(), "expires_in": issued.seconds}))
