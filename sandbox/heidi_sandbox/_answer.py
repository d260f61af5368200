"""One HTTP answer, before it is sent."""

from collections.abc import Mapping
from typing import NamedTuple


class Answer(NamedTuple):
    """Status, JSON text, and headers by lower-case name."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}
