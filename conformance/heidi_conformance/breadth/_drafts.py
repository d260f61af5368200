"""Invented requests as text, on their way from the process that invents them."""

import json
from collections.abc import Iterable

from heidi_conformance._history import Request


def dumped(drafts: Iterable[Request]) -> str:
    """Return requests as JSON."""
    return json.dumps(
        [
            (item.method, item.target, item.body.decode("latin-1"), item.media_type, item.headers)
            for item in drafts
        ]
    )


def loaded(text: str | bytes) -> list[Request]:
    """Return the requests that `dumped` wrote."""
    return [
        Request(
            method,
            target,
            body=body.encode("latin-1"),
            media_type=media_type,
            headers=tuple((name, value) for name, value in headers),
        )
        for method, target, body, media_type, headers in json.loads(text)
    ]
