"""JSON in and out, without losing a digit or a code point.

A number that no double holds arrives as a Decimal, so that it is refused where it would be stored
and ignored where it would not.
"""

import json
import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeAlias, cast

Path: TypeAlias = tuple[str | int, ...]

_SURELY_EXACT = 15  # every integer with fewer characters is below 2^53
_LONGEST_DOUBLE = 310  # characters of the largest double, with its sign


class MalformedJsonError(ValueError):
    """The text is not JSON; the message says where or why, and quotes none of it."""


def parse(raw: bytes) -> Any:
    """Return the value of a JSON text in UTF-8.

    Raises:
        MalformedJsonError: it is not JSON, has a duplicate key, nests too deeply, or holds a
            lone surrogate.
    """
    try:
        text = raw.decode()
        value = _decoder.decode(text)
        if "\\u" in text:  # only an escape can bring in a lone surrogate
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except json.JSONDecodeError as error:
        raise MalformedJsonError(
            f"not JSON, at line {error.lineno}, column {error.colno}"
        ) from None
    except UnicodeDecodeError:
        raise MalformedJsonError("not UTF-8") from None
    except UnicodeEncodeError:
        raise MalformedJsonError("holds half of a surrogate pair") from None
    except RecursionError:
        raise MalformedJsonError("nested too deeply") from None
    return value


def dump(value: Any) -> bytes:
    """Return the compact JSON text of a value, in UTF-8."""
    return _encoder.encode(value).encode()


def inexact_numbers(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each number that no double holds."""
    if isinstance(value, Decimal):
        yield path
        return
    for part, inner in _parts(value):
        yield from inexact_numbers(inner, (*path, part))


def path_text(path: Path) -> str:
    """Write a path as people do: `patient.dob`, `clinician_notes[1]`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _parts(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, dict):
        yield from cast("dict[str, object]", value).items()
    elif isinstance(value, list):
        yield from enumerate(cast("list[object]", value))


def _integer(text: str) -> int | Decimal:
    if len(text) <= _SURELY_EXACT:
        return int(text)
    if len(text) > _LONGEST_DOUBLE:
        return _beyond(text)
    number = int(text)
    try:
        return number if float(number) == number else Decimal(number)
    except OverflowError:
        return Decimal(number)


def _float(text: str) -> float | Decimal:
    number = float(text)
    try:
        exact = Decimal(text)
    except InvalidOperation:  # an exponent beyond every range
        return _beyond(text)
    if not math.isfinite(number):
        return _beyond(text)
    # As the shortest, the 17-digit and the full spelling of the same double.
    spellings = (Decimal(repr(number)), Decimal(f"{number:.17g}"), Decimal(number))
    return number if exact in spellings else exact


def _beyond(text: str) -> Decimal:
    """Return what stands for a number out of range: a validator takes no thousands of digits."""
    number = Decimal("1e400" if "e-" not in text.lower() else "1e-400")
    return -number if text.startswith("-") else number


def _refuse_constant(_: str) -> NoReturn:
    raise MalformedJsonError("NaN and Infinity are not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise MalformedJsonError("an object has a duplicate key")
    return value


# Made once: making them takes as long as a small body.
_decoder = json.JSONDecoder(
    parse_int=_integer,
    parse_float=_float,
    parse_constant=_refuse_constant,
    object_pairs_hook=_object,
)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
