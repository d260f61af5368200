"""`client.sessions`: the calls as methods, sync and async, plain and with the raw response."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from . import _calls
from ._errors import BadRequestError, ValidationError
from ._fields import UNSET
from ._pages import Page, Walk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from heidi_generated.models import Session
    from heidi_generated.types import Unset

    from ._answers import RawResponse
    from ._calls import Call
    from ._pages import PageQuery, Progress
