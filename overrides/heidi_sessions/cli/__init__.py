"""The command line `heidi-sessions`. Needs the extra heidi-sessions[cli]."""

from __future__ import annotations

from ._main import main

__all__ = ["main"]
