"""A reference server of the Heidi Sessions API that obeys the strict document."""

from heidi_sandbox._app import create_app
from heidi_sandbox._errors import CannotServeError
from heidi_sandbox._open import open_store
from heidi_sandbox._server import Sandbox, serving
from heidi_sandbox._store import Page, Store

__all__ = ["CannotServeError", "Page", "Sandbox", "Store", "create_app", "open_store", "serving"]
