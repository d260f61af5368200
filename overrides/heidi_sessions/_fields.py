"""From keyword arguments to the request bodies of the document."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, cast

from heidi_generated.models import Gender, PatientUpdate
from heidi_generated.types import UNSET, Unset

if TYPE_CHECKING:
    from collections.abc import Sequence

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class PatientFields(TypedDict, total=False):
    """What to change about the patient, as a plain dict; what is left out stays as it is.

    Attributes:
        name: the full name, as one text.
        gender: MALE, FEMALE or OTHER.
        dob: the date of birth: a date, or a text such as 1990-01-31.
        demographic_details: anything else about the patient, in words.

    Spec: PatientUpdate (documented).
    """

    name: str
    gender: Gender | Literal["MALE", "FEMALE", "OTHER"]
    dob: date | str
    demographic_details: str


_KNOWN_MEMBERS: Final = f"there are {', '.join(PatientFields.__annotations__)}"


def patient_update(value: Any) -> PatientUpdate | Unset:
    """Turn a dict into a PatientUpdate.

    Raises:
        TypeError: a member is unknown, or its value is of another type.
        ValueError: a value of the right type is not one that the document allows.
    """
    if isinstance(value, (PatientUpdate, Unset)):
        return value
    if not isinstance(value, Mapping):
        raise TypeError("patient: give a PatientUpdate or a dict of its members")
    fields: dict[str, Any] = dict(cast("Mapping[str, Any]", value))
    names: list[Any] = list(fields)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"patient: {_KNOWN_MEMBERS}, named by texts")
    if unknown := sorted(fields.keys() - PatientFields.__annotations__.keys()):
        raise TypeError(f"patient: no member is called {unknown[0]!r}; {_KNOWN_MEMBERS}")
    if "gender" in fields:
        fields["gender"] = _gender(fields["gender"])
    if "dob" in fields:
        fields["dob"] = _date_of_birth(fields["dob"])
    return PatientUpdate(**fields)


def texts(name: str, value: Sequence[str] | Unset) -> list[str] | Unset:
    """Turn a sequence of texts into a list.

    Raises:
        TypeError: something in it is not a text; or a single text was given, which would be sent
            letter by letter.
    """
    if isinstance(value, Unset):
        return value
    given: Any = value
    if not isinstance(given, (str, bytes)) and isinstance(given, Iterable):
        items: list[Any] = [*given]
        if all(isinstance(item, str) for item in items):
            return items
    raise TypeError(f"{name}: give a list of texts")


def _gender(value: Any) -> Gender | Unset:
    if isinstance(value, Unset):
        return value
    if not isinstance(value, str):
        raise TypeError(f"patient.gender: give one of {', '.join(Gender)}")
    if value not in set(Gender):
        raise ValueError(f"patient.gender: give one of {', '.join(Gender)}")
    return Gender(value)


def _date_of_birth(value: Any) -> date | Unset:
    if isinstance(value, Unset):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError("patient.dob: give a datetime.date, or a text such as 1990-01-31")
    return value


__all__ = ["UNSET", "PatientFields", "Unset", "patient_update", "texts"]
