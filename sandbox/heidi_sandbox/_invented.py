"""Invented resources: valid by the document, and nobody can take one for a patient's."""

import hashlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from heidi_sandbox._document import Document
from heidi_sandbox._resources import Resource

_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_INTERVAL: Final = timedelta(seconds=20)  # so that ten million of them lie in the past
_KINDS: Final = "Example Fictitious Imaginary Invented Mockup Placeholder Sample Specimen".split()
_THINGS: Final = "Appointment Chart Cough Headache Note Person Rash Remark Sprain Visit".split()


class _Inventor(random.Random):
    """Chooses, and where any text does, takes words that no patient has."""

    def text(self) -> str:
        return f"{self.choice(_KINDS)} {self.choice(_THINGS)} {self.randint(1, 9999)}"


def invented(
    document: Document, resource: Resource, key: bytes, user: str
) -> Callable[[int], tuple[str, bytes]]:
    """Return what makes the id and the document of a user's resource from its number.

    Args:
        document: the strict document; what its create and update requests take is invented.
        resource: which one.
        key: at most 64 bytes; the same key makes the same resources.
        user: what names the user.
    """
    schemas = resource.schemas
    operations = [*document.of("create", resource.name), *document.of("update", resource.name)]
    taken = {
        stored: schemas.properties(body.schema)[name]
        for body in (operation.body for operation in operations)
        if body is not None
        for name, stored in resource.kept(body).items()
    }
    validators = {name: schemas.validator(resource.properties[name]) for name in taken}

    def make(number: int) -> tuple[str, bytes]:
        digest = hashlib.blake2b(f"{user} {resource.name} {number}".encode(), key=key).digest()
        inventor = _Inventor(int.from_bytes(digest, "big"))
        id_ = resource.new_id(inventor)
        created = _EPOCH + number * _INTERVAL
        sent = {name: schemas.smallest(one, inventor) for name, one in taken.items()}
        value = resource.new(id_, number, created, {})
        for name, one in sent.items():
            # An object is merged with what is there, so it need not be whole.
            if isinstance(one, dict) or validators[name].is_valid(one):
                value = resource.changed(value, {name: one}, created + _INTERVAL)
        return str(id_), resource.text(value, taken)

    return make
