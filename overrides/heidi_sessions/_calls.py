"""The calls of the API: their arguments, the request they make, and how to read the answer.

Each function here becomes four methods: of `Heidi` and `AsyncHeidi`, plain and with the raw
response. No I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs
from heidi_generated.api.sessions import (
    create_session,
    get_session,
    list_linked_user_sessions,
    update_session,
)
from heidi_generated.models import SessionCreate, SessionUpdate

from . import _fields, _json
from ._fields import UNSET
from ._pages import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heidi_generated.models import (
        PatientUpdate,
        Session,
        SessionCreated,
        SessionEnvelope,
        SessionPage,
    )
    from heidi_generated.types import Request, Unset

    from ._fields import PatientFields
    from ._pages import Cursor, PageQuery

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Decode(Protocol[T_co]):
    """Reads a JSON document; raises MismatchError where it is not what the document says."""

    def __call__(self, data: object, *, strict: bool = False) -> T_co: ...


@attrs.frozen
class Call(Generic[T]):
    """A request that is ready to be sent, and how to read its answer."""

    request: Request = attrs.field(repr=False)
    content: bytes | None = attrs.field(repr=False)
    decode: Decode[T] = attrs.field(repr=False)
