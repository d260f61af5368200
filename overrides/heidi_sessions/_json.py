"""JSON in and out, without losing a digit."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn, cast


def dump(document: object) -> bytes:
    """Write a document; NaN and infinity are refused, since JSON has no word for them.

    Raises:
        ValueError, TypeError: the document holds something that JSON cannot.
    """
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode()


def load(content: bytes) -> object:
    """Read a document.

    Raises:
        ValueError, RecursionError: it is not JSON, nests deeper than the parser goes, or holds a
            number that is too large for a float.
    """
    return _DECODER.decode(content.decode())


def load_object(content: bytes) -> dict[str, Any]:
    """Read a document that is an object.

    Raises:
        ValueError, RecursionError: it is not.
    """
    document: Any = load(content)
    if not isinstance(document, dict):
        raise ValueError  # noqa: TRY004  # the text is wrong, not the program
    return cast("dict[str, Any]", document)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError
    return number


def _refuse(_: str) -> NoReturn:
    raise ValueError


_DECODER: Final = json.JSONDecoder(parse_float=_float, parse_constant=_refuse)
