"""The Heidi Sessions API: create, read, update and list the consultations of a Heidi user.

from heidi_sessions import Heidi

with Heidi() as client:
    for session in client.sessions.list():
        print(session.session_id)
"""

from __future__ import annotations

from heidi_generated import public as _public

# Additions to the document are exported without an edit here.
from heidi_generated.public import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]

from ._client import AsyncHeidi, Heidi
from ._version import __version__

# An error names the package that a program imports.
for _name in _public.__all__:
    _class = getattr(_public, _name)
    if isinstance(_class, type) and issubclass(_class, BaseException):
        _class.__module__ = __name__

__all__ = ["AsyncHeidi", "Heidi", "__version__"]
__all__ += _public.__all__
__all__[:] = sorted(__all__)
