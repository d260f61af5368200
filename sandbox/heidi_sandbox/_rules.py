"""What an operation takes and may answer, as rules that read a request and judge an answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote, unquote_to_bytes

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

from heidi_sandbox._answer import Answer
from heidi_sandbox._errors import InvalidRequestError
from heidi_sandbox._json import inexact_numbers, path_text

Members: TypeAlias = Mapping[str, "Members | None"]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter."""

    name: str
    required: bool
    default: Any
    is_integer: bool
    validator: Draft202012Validator

    def read(self, texts: list[str]) -> Any:
        """Return the value that the query gives, or the default.

        Raises:
            InvalidRequestError: it is missing, given twice, not UTF-8, or not as documented.
        """
        if not texts:
            if self.required:
                raise InvalidRequestError(f"{self.name}: the parameter is missing")
            return self.default
        if len(texts) > 1:
            raise InvalidRequestError(f"{self.name}: the parameter is given more than once")
        value = self._value(texts[0])
        _validate(self.validator, value, self.name)
        return value

    def _value(self, quoted: str) -> int | str:
        try:
            text = unquote_to_bytes(quoted.replace("+", " ")).decode()
        except UnicodeDecodeError:
            raise InvalidRequestError(f"{self.name}: the value is not UTF-8") from None
        return int(text) if self.is_integer and _INTEGER.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class Body:
    """What an operation takes as its body."""

    required: bool
    media_types: frozenset[str]
    members: Members
    validator: Draft202012Validator

    def read(self, value: Any) -> dict[str, Any]:
        """Return the members that the document names, and none of the others.

        Raises:
            InvalidRequestError: the schema does not take it, or it would lose digits.
        """
        _validate(self.validator, value, "body")
        known = _known(value, self.members)
        for path in inexact_numbers(known):
            place = path_text(path)
            raise InvalidRequestError(f"{place}: the number has more digits than a double holds")
        return known


@dataclass(frozen=True, slots=True)
class Response:
    """What an operation may answer with one status."""

    headers: frozenset[str]
    validator: Draft202012Validator


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    scheme: str
    query: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Response]

    def read_query(self, raw: bytes) -> dict[str, Any]:
        """Return the value of each parameter; what the document does not name is ignored.

        Raises:
            InvalidRequestError: a parameter is not what the document takes.
        """
        if not self.query:
            return {}
        texts: dict[str, list[str]] = {parameter.name: [] for parameter in self.query}
        for pair in raw.decode("latin-1").split("&"):
            name, _, text = pair.partition("=")
            texts.get(unquote(name.replace("+", " ")), []).append(text)
        return {parameter.name: parameter.read(texts[parameter.name]) for parameter in self.query}

    def violation(self, answer: Answer) -> str | None:
        """Return how an answer breaks the document, quoting none of it; None where it obeys."""
        response = self.responses.get(str(answer.status)) or self.responses.get("default")
        if response is None:
            # That the server failed is not an answer of the operation, so it is not declared.
            return None if answer.status >= 500 else f"status {answer.status} is not declared"
        for name in response.headers - answer.headers.keys():
            return f"status {answer.status} lacks the header {name}"
        try:
            # Decoded here, json need not guess the encoding.
            response.validator.validate(json.loads(answer.body.decode()))
        except ValidationError as error:
            place = path_text(tuple(error.instance_path)) or "body"
            if isinstance(error.kind, ValidationErrorKind.Required):
                return f"status {answer.status}, {place}: {error.kind.property} is missing"
            return f"status {answer.status}, {place}: breaks `{error.kind.name}`"
        except ValueError:
            return f"status {answer.status}: the body is not JSON"
        return None


def _known(value: Mapping[str, Any], members: Members) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, inner in members.items():
        if name not in value:
            continue
        if inner is None:
            known[name] = value[name]
        elif inner_known := _known(value[name], inner):
            known[name] = inner_known
    return known


def _validate(validator: Draft202012Validator, value: Any, place: str) -> None:
    try:
        # The first error only: collecting half a million of them takes seconds.
        validator.validate(value)
    except ValidationError as error:
        path = path_text(tuple(error.instance_path))
        raise InvalidRequestError(f"{path or place}: {error.message}") from None
    except ValueError:
        raise InvalidRequestError(f"{place}: nested too deeply") from None
