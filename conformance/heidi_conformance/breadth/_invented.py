"""What Schemathesis invents for each operation, as requests that can be sent again."""

import re
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode

from heidi_conformance._verdict import Level
from heidi_conformance.contract import _document
from heidi_conformance.contract._operations import MAIN, OPERATIONS, Operation
from heidi_conformance.contract._parameters import in_header
from heidi_conformance.evidence._history import Request

from ._dictionaries import dictionaries
from ._drafts import cache

# A name in braces, as a URL spells it.
BRACES = re.compile(r"%7B(\w+)%7D")
# Nothing is left to chance but by the seed, and the judge makes findings short itself.
QUIETLY = settings(
    database=None,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
)


def drafted(level: Level, start: int, examples: int) -> Iterator[Request]:
    """Yield generated requests, with the names of parameters in the place of ids."""
    # The page does not say how a request that it does not describe is handled.
    modes = [GenerationMode.POSITIVE]
    if level == "strict":
        modes.append(GenerationMode.NEGATIVE)
    by_label = {f"{item.method} {item.path}": item for item in OPERATIONS.values()}
    with hypothesis_elsewhere():
        for result in schema_of(level).get_all_operations():
            operation = by_label[result.ok().label]
            # Once a resource is deleted, no other operation on it can be judged.
            if operation.action == "delete":
                continue
            ids = {name: f"{{{name}}}" for name in operation.owned}
            for mode in modes:
                strategy = result.ok().as_strategy(generation_mode=mode, path_parameters=ids)
                drafts = [request_of(operation, case) for case in drawn(strategy, start, examples)]
                different = [*dict.fromkeys(filter(None, drafts))]
                # A path may be sent again and again, as it will not always name the same.
                yield from islice(cycle(different), examples) if ids else different


def schema_of(level: Level) -> Any:
    """Return the document of a level as Schemathesis has it, without what is judged elsewhere."""
    document = deepcopy(_document.open_to(_document.load(level), MAIN.owner))
    document = _document.asserted(document, level)
    # The judge gives a token to every request: it is not a parameter to invent.
    document.pop("security", None)
    for _, _, operation in _document.operations(document):
        operation.pop("security", None)
    # Most properties would else have names that no document knows.
    for schema in document["components"]["schemas"].values():
        if "properties" in schema and not schema.keys() & {"allOf", "anyOf", "oneOf"}:
            schema.setdefault("additionalProperties", False)
    # Schemathesis types its settings as a bare dict.
    config: Any = schemathesis.Config.from_dict(dictionaries(document))  # pyright: ignore[reportUnknownMemberType]
    return schemathesis.openapi.from_dict(document, config=config)


def drawn(strategy: Any, start: int, examples: int) -> list[Case[Any]]:
    """Return what a strategy makes; nothing where it can make nothing."""
    cases: list[Case[Any]] = []

    @seed(start)
    @settings(QUIETLY, max_examples=examples)
    @given(strategy)
    def draw(case: Case[Any]) -> None:
        cases.append(case)

    with suppress(Unsatisfiable):
        draw()
    return cases


def request_of(operation: Operation, case: Case[Any]) -> Request | None:
    """Return a case as a request; None if HTTP cannot carry it."""
    try:
        prepared = requests.Request(**case.as_transport_kwargs(base_url="http://host")).prepare()
    except (requests.RequestException, ValueError):
        return None
    headers = {
        name: text.decode("latin-1") if isinstance(text, bytes) else text
        for name, text in prepared.headers.items()
    }
    parts = urlsplit(str(prepared.url))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    body = cast("str | bytes", prepared.body or b"")
    drawn = cast("dict[str, Any]", case.headers or {})  # pyright: ignore[reportUnknownMemberType]
    own = {name.lower() for name in drawn} - {"content-type"}
    sent = tuple((name, text) for name, text in headers.items() if name.lower() in own)
    if not all(in_header(text) for _, text in sent):
        return None
    return Request(
        operation.method,
        BRACES.sub(r"{\1}", target),
        body=body.encode() if isinstance(body, str) else body,
        media_type=headers.get("Content-Type"),
        headers=sent,
    )


@contextmanager
def hypothesis_elsewhere() -> Generator[None]:
    """Keep what Hypothesis stores, tables that take a second to make, out of the working directory.

    Outside a test run it stores nothing else; there is a variable for it, and no setting.
    """
    try:
        set_hypothesis_home_dir(cache("hypothesis"))
    except RuntimeError:
        set_hypothesis_home_dir(Path(tempfile.gettempdir(), "hypothesis"))
    try:
        yield
    finally:
        set_hypothesis_home_dir(None)
