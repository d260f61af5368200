"""Scripts that send nothing but GET: to a server on which no session may be created."""
# ruff: noqa: E501  # tables read better in rows

from heidi_conformance._history import listing, paged, read
from heidi_conformance._probe import Probe
from heidi_conformance.contract._operations import MAIN

from ._issuing import requests_for_nobody, wrong_keys
from ._script import Script
from ._tenants import NEAR_IDS, NO_IDS, WRONG_PAGES, WRONG_SIZES
from ._transport import NEAR_TOKENS


def existing(probe: Probe) -> str:
    """Bind the first session of the list to a name."""
    name = probe.name()
    probe.send(listing(paged(10), binds=name))
    return name


def readings(probe: Probe) -> None:
    """A list, a session of it, and an id that no session has."""
    name = existing(probe)
    for _ in range(2):
        probe.try_send(read(name))
    probe.send(read(MAIN.unknown))
    for query in ("", paged(1), paged(2)):
        probe.send(listing(query))


def readings_without_token(probe: Probe) -> None:
    """No token, and an invented one."""
    name = existing(probe)
    for credentials in ("", "Bearer invented-by-the-judge"):
        probe.try_send(read(name, authorization=credentials))
        probe.send(listing(authorization=credentials))


def readings_with_near_tokens(probe: Probe) -> None:
    """Tokens that are almost right."""
    name = existing(probe)
    for credentials in NEAR_TOKENS:
        probe.try_send(read(name, authorization=credentials))
        probe.try_send(listing(authorization=credentials))


def readings_of_near_ids(probe: Probe) -> None:
    """Ids that are almost that of a session, and such as no session has."""
    name = existing(probe)
    for near in NEAR_IDS:
        probe.try_send(read(near.replace("%s", name).replace("%%", "%")))
    for text in NO_IDS:
        probe.send(read(text))


def readings_of_pages(probe: Probe) -> None:
    """Walks, and pages that no list has."""
    for size in (100, 10, 3, None):
        probe.walk(size, pages=6)
    for text in WRONG_SIZES:
        probe.send(listing(paged(text)))
    for text in WRONG_PAGES:
        probe.send(listing(paged(page=text)))


def readings_with_near_keys(probe: Probe) -> None:
    """Tokens of invented users, and keys that are almost right."""
    requests_for_nobody(probe)
    wrong_keys(probe)


SCRIPTS = (
    Script(readings, "documented", ("answers", "no-server-error", "works", "json-answers", "answer-schema", "unknown-id", "page-bound"), reads=True),
    Script(readings_without_token, "documented", ("token-needed",), reads=True),
    Script(readings_with_near_tokens, "strict", ("token-first", "challenge"), reads=True),
    Script(readings_with_near_keys, "strict", ("answers", "no-server-error", "json-answers", "answer-schema", "issued-token", "key-needed", "error-shape", "message-quotes"), ("key",), reads=True),
    Script(readings_of_near_ids, "strict", ("exact-lookup", "error-shape", "declared-status"), reads=True),
    Script(readings_of_pages, "strict", ("counts", "next-page", "full-pages", "walks", "page-size", "page-token", "message-names", "message-quotes", "reading"), ("linked",), reads=True),
)  # fmt: skip
