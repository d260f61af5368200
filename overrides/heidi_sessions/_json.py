"""JSON in and out, without losing a digit: msgspec reads where it is installed."""

from __future__ import annotations

import functools
import json
import math
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Callable


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
    return _parser()(content)


def load_object(content: bytes) -> dict[str, Any]:
    """Read a document that is an object.

    Raises:
        ValueError, RecursionError: it is not.
    """
    document: Any = load(content)
    if not isinstance(document, dict):
        raise ValueError  # noqa: TRY004  # the text is wrong, not the program
    return cast("dict[str, Any]", document)


@functools.cache
def _parser() -> Callable[[bytes], object]:
    try:
        import msgspec  # noqa: PLC0415  # the extra [msgspec], looked for at the first response
    except ImportError:
        return _load
    decode = msgspec.json.Decoder().decode

    def fast(content: bytes) -> object:
        try:
            return decode(content)
        except (ValueError, RecursionError):
            # It is not JSON, or it is what msgspec alone refuses, such as half of a surrogate pair.
            return _load(content)

    return fast


def _load(content: bytes) -> object:
    return _DECODER.decode(content.decode())


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError
    return number


def _refuse(_: str) -> NoReturn:
    raise ValueError


_DECODER: Final = json.JSONDecoder(parse_float=_float, parse_constant=_refuse)
