"""Refusals as registries write them: a status, a code of the OCI distribution API, a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response


class RegistryError(Exception):
    """A request was refused; clients such as Docker show `message` to their user."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """The response."""
        return refusal(self.status, self.code, self.message, self.headers)


def refusal(status: int, code: str, message: str, headers: Mapping[str, str]) -> Response:
    """A body as the distribution API wants it."""
    body = {"errors": [{"code": code, "message": message, "detail": None}]}
    return JSONResponse(body, status_code=status, headers=dict(headers))


def denied(what: str) -> RegistryError:
    """403: there is no such thing, or it is not for this role; which of the two is not said."""
    return RegistryError(403, "DENIED", f"{what} does not exist or not authorized")


def manifest_invalid(message: str) -> RegistryError:
    """400 for a manifest that is not taken."""
    return RegistryError(400, "MANIFEST_INVALID", message)


def upload_unknown() -> RegistryError:
    """404 for an upload that never began, has ended, or is another repository's."""
    return RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload")
