# Copied by scripts/steps/client.py; changes made here are lost.
# Edit overrides/runtime/, then run `make generate`.
"""How arguments become JSON: checked by the shapes of the document, refused with place and fix.

No message holds a value: an argument may be patient data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from math import isfinite
from typing import Any, Final, cast

from .decoding import ANYTHING, DATE, DATE_TIME, MISFIT, NULL, Model, Shape, to_json
from .types import UNSET


def convert(place: str, shape: Shape, value: object) -> Any:
    """Turn an argument into the JSON value that is sent.

    Args:
        place: where it is, such as `patient.dob`.
        shape: what the document allows.
        value: JSON, or a model, a member of an enum, a date, a UUID, or any iterable in place of a
            list.

    Raises:
        TypeError: it has another type.
        ValueError: it has the right type, and is not one of the values of the document.
    """
    if shape.branches:
        return _either(place, shape, value)
    if isinstance(value, Enum) and value is not UNSET:
        value = value.value
    if shape.model is not None and isinstance(value, (Mapping, shape.model)):
        return _object(place, shape.model, cast("Any", value))
    if shape.items is not None and _is_list(value):
        items = cast("Iterable[Any]", value)
        return [convert(f"{place}[{index}]", shape.items, item) for index, item in enumerate(items)]
    if shape is ANYTHING:
        return _anything(place, value)
    plain = _plain(place, value)
    read = shape.read(plain) if shape.model is None and shape.items is None else MISFIT
    if read is not MISFIT:
        # A string is sent as it was given: an instant may end with Z or with an offset.
        return plain if isinstance(plain, str) else to_json(read)
    close = isinstance(plain, str) and shape in _WRITTEN
    close = close or (shape.model is None and shape.salvage(plain) is not None)
    raise (ValueError if close else TypeError)(_message(place, shape, value))


def convert_properties(
    place: str, model: type[Model], values: Mapping[str, object]
) -> dict[str, Any]:
    """Turn arguments into a JSON object of a model, without those that are UNSET.

    Args:
        place: what comes before the name of a property, such as `patient.`.
        values: by the name of the attribute.
    """
    return {
        name: convert(f"{place}{member.attribute}", member.shape, value)
        for name, member in model.members.items()
        if (value := values.get(member.attribute, UNSET)) is not UNSET
    }


def _object(place: str, model: type[Model], value: Model | Mapping[Any, Any]) -> dict[str, Any]:
    given = value.to_dict() if isinstance(value, Model) else dict(value)
    known, others = model.members, model.additional_values
    if not all(isinstance(name, str) for name in given):
        names = f": {', '.join(known)}" if known else ""
        raise TypeError(f"{place} must have strings as keys{names}")
    unknown = sorted(given.keys() - known.keys())
    if unknown and known and others is None and not isinstance(value, Model):
        raise TypeError(f"{place} has no property {unknown[0]!r}; use one of {', '.join(known)}")
    for name, member in known.items():
        if member.required and given.get(name, UNSET) is UNSET:
            raise TypeError(f"{place}.{name} is missing; add it")
    return {
        name: convert(f"{place}.{name}", known[name].shape, inner)
        if name in known
        else convert(f"{place}.*", others or ANYTHING, inner)  # names in a map are data
        for name, inner in given.items()
        if inner is not UNSET
    }


def _either(place: str, shape: Shape, value: object) -> Any:
    errors: list[Exception] = []
    for branch in shape.branches:
        try:
            return convert(place, branch, value)
        except (TypeError, ValueError) as error:
            if branch is not NULL:
                errors.append(error)
    if len(errors) == 1 and value is not None:
        raise errors[0]
    close = any(isinstance(error, ValueError) for error in errors)
    raise (ValueError if close else TypeError)(_message(place, shape, value))


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping, Model))


def _plain(place: str, value: object) -> object:
    """Convert values that are almost JSON: a date, a UUID, a number or string of a subclass."""
    if isinstance(value, date):  # a datetime is a date too
        return value.isoformat()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"{place} must be a finite number")
        return float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    from uuid import UUID  # noqa: PLC0415  # most programs need none

    return str(value) if isinstance(value, UUID) else value


def _anything(place: str, value: object) -> Any:
    if isinstance(value, Model):
        value = value.to_dict()
    if isinstance(value, Enum) and value is not UNSET:
        value = value.value
    given: Any = value
    if isinstance(value, Mapping):
        inner: dict[Any, Any] = dict(given)
        if not all(isinstance(name, str) for name in inner):
            raise TypeError(f"{place} must have strings as keys")
        return {name: _anything(f"{place}.{name}", each) for name, each in inner.items()}
    if isinstance(value, (list, tuple)):
        return [_anything(f"{place}[{index}]", item) for index, item in enumerate(given)]
    plain = _plain(place, value)
    if plain is None or isinstance(plain, (str, int, float)):
        return plain
    raise TypeError(f"{place} must be JSON-serializable")


def _message(place: str, shape: Shape, value: object) -> str:
    hint = ", not None; leave it out instead" if value is None else ""
    if shape.items is not None and isinstance(value, str):
        hint = ", not one string"
    return f"{place} must be {_words(shape)}{hint}"


def _words(shape: Shape) -> str:
    if shape.branches:
        return " or ".join(dict.fromkeys(_words(branch) for branch in shape.branches))
    if shape.model is not None:
        return f"a dict or {shape.model.__name__}"
    if shape.items is not None:
        return "a list" if shape.items is ANYTHING else f"a list, each item {_words(shape.items)}"
    return "None" if shape is NULL else _WRITTEN.get(shape, shape.expected)


_WRITTEN: Final[Mapping[Shape, str]] = {
    DATE: "a date such as 1990-01-31",
    DATE_TIME: "a date and time such as 2024-01-31T09:30:00+10:00",
}
"""Shapes that JSON writes as strings of one form, with an example."""
