"""A reference server of the Heidi Sessions API that obeys the strict document."""

from heidi_sandbox._app import create_app
from heidi_sandbox._errors import (
    CannotServeError,
    DuplicateSessionError,
    StoreUnavailableError,
    UnknownOutcomeError,
)
from heidi_sandbox._open import open_store
from heidi_sandbox._server import Sandbox, serving
from heidi_sandbox._store import Page, Size, Store

__all__ = [
    "CannotServeError",
    "DuplicateSessionError",
    "Page",
    "Sandbox",
    "Size",
    "Store",
    "StoreUnavailableError",
    "UnknownOutcomeError",
    "create_app",
    "open_store",
    "serving",
]
