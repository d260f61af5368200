"""JSON in and out: orjson reads where it is installed, the standard library always writes."""

from __future__ import annotations

import functools
import json
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
        ValueError, RecursionError: it is not JSON, or nests deeper than the parser goes.
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
        import orjson  # noqa: PLC0415  # the extra [orjson], looked for at the first answer
    except ImportError:
        return _load

    def fast(content: bytes) -> object:
        document: Any = orjson.loads(content)
        return _load(content) if _rounded(document) else document

    return fast


def _rounded(document: Any) -> bool:
    """Say whether a token of a next page may have been an integer that orjson made a double."""
    return isinstance(document, dict) and any(
        isinstance(value, float) and abs(value) >= _BEYOND
        for value in cast("dict[str, object]", document).values()
    )


def _load(content: bytes) -> object:
    return _DECODER.decode(content.decode())


def _refuse(_: str) -> NoReturn:
    raise ValueError


_BEYOND: Final = 2.0**63
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
