"""A reference server of the Heidi Sessions API that obeys the strict document.

Needs the extra heidi-sessions[sandbox]. Each name is imported when it is asked for,
so that the command can say that the extra is missing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from heidi_sandbox._app import create_app
    from heidi_sandbox._errors import (
        CannotServeError,
        DuplicateIdError,
        StoreUnavailableError,
        UnknownOutcomeError,
    )
    from heidi_sandbox._server import Sandbox, serving
    from heidi_sandbox._store import Page, Size, Store, open_store

__all__ = [
    "CannotServeError",
    "DuplicateIdError",
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

_HOMES: Final = {
    "CannotServeError": "_errors",
    "DuplicateIdError": "_errors",
    "Page": "_store",
    "Sandbox": "_server",
    "Size": "_store",
    "Store": "_store",
    "StoreUnavailableError": "_errors",
    "UnknownOutcomeError": "_errors",
    "create_app": "_app",
    "open_store": "_store",
    "serving": "_server",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
