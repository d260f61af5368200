"""Whether the caller gets the values of the response. No values are quoted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from heidi_conformance.contract._document import SAID, as_array, as_object
from heidi_conformance.contract._fields import Fields
from heidi_conformance.contract._schemas import Field, branch
from heidi_conformance.contract._values import ABSENT, flattened, is_number
from heidi_conformance.oracle._differences import kind
from heidi_conformance.oracle._memory import same

Difference = tuple[str, Any, Any]
# A clock of milliseconds is exact enough.
CLOSE = timedelta(milliseconds=1)
INSTANTS = ("date-time", "date-time-local")


def differences(expected: Any, got: Any, fields: Fields) -> Iterator[Difference]:
    """Yield place, expected value and received value of each property that differs.

    A property may be missing where the vendor's page does not have it, or where it is null. One
    that the response lacks may be empty: null, "", 0, false, or an empty array or object.
    """
    if not isinstance(got, dict):
        yield "", "object", kind(got)
        return
    want, has = fields.known(flattened(expected)), fields.known(flattened(got))
    for name, value in want.items():
        field = fields.shows.get(name)
        if field is None:
            continue
        came = has.get(name, ABSENT)
        if came is ABSENT:
            if value is not None and field.required and field.status in SAID:
                yield name, kind(value), "nothing"
        elif (told := difference(value, came, field)) is not None:
            yield name, *told
    for name, came in has.items():
        if came and name not in want and name in fields.shows:
            yield name, "nothing", kind(came)


def difference(want: Any, has: Any, field: Field) -> tuple[Any, Any] | None:
    """Return the expected and the received value, None if they are the same."""
    if kind(want) != kind(has):
        return kind(want), kind(has)
    if isinstance(want, str) and branch(field.schema).get("format") in INSTANTS:
        equal = at_once(want, has)
    else:
        equal = want == has if is_number(want) else alike(want, has)
    return None if equal else (kind(want), f"another {kind(has)}")


def alike(want: Any, has: Any) -> bool:
    """Whether values are the same; an object may lack what no document knows."""
    inner, others = as_object(want), as_object(has)
    if inner is not None and others is not None:
        return all(alike(inner.get(name), item) for name, item in others.items())
    left, right = as_array(want), as_array(has)
    if left is not None and right is not None:
        return len(left) == len(right) and all(map(alike, left, right))
    return same(want, has)


def at_once(want: str, has: str) -> bool:
    """Whether strings are the same instant; one without an offset has none afterwards."""
    try:
        one, other = datetime.fromisoformat(want), datetime.fromisoformat(has)
    except ValueError:
        return want == has
    if one.tzinfo is None:
        return other.tzinfo is None and abs(one - other) < CLOSE
    return other.tzinfo is not None and abs(one.astimezone(UTC) - other) < CLOSE
