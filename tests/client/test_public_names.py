from __future__ import annotations

import importlib.metadata
import inspect
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import heidi_sessions
import pytest
from heidi_generated import errors, metadata
from heidi_sessions import AsyncHeidi, Heidi
from heidi_sessions.testing import (
    HeidiMock,
    fails,
    make_session,
    malformed,
    rate_limited,
    slow,
    unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def test_all_is_sorted_and_complete() -> None:
    public = {
        name
        for name, value in vars(heidi_sessions).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    assert public | {"__version__"} == set(heidi_sessions.__all__)
    assert len(set(heidi_sessions.__all__)) == len(heidi_sessions.__all__)


def test_the_version_is_the_one_that_is_installed() -> None:
    assert importlib.metadata.version("heidi-sessions") == heidi_sessions.__version__
    project = Path(__file__).parents[2] / "pyproject.toml"
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    assert declared == heidi_sessions.__version__


def names(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def parameters(function: Callable[..., object]) -> list[tuple[str, object]]:
    return [(p.name, p.default) for p in inspect.signature(function).parameters.values()]


SYNC, ASYNC = Heidi(token="t"), AsyncHeidi(token="t")
PAIRS: list[tuple[object, object]] = [
    (SYNC, ASYNC),
    (SYNC.sessions, ASYNC.sessions),
    (SYNC.sessions.with_raw_response, ASYNC.sessions.with_raw_response),
    (SYNC.sessions.list(), ASYNC.sessions.list()),
]


@pytest.mark.parametrize(("sync", "other"), PAIRS, ids=lambda thing: type(thing).__name__)
def test_both_clients_have_the_same_names(sync: object, other: object) -> None:
    assert names(sync) == names(other)


@pytest.mark.parametrize(("sync", "other"), PAIRS, ids=lambda thing: type(thing).__name__)
def test_both_clients_take_the_same_arguments(sync: object, other: object) -> None:
    for name in names(sync):
        one, two = getattr(sync, name), getattr(other, name)
        if callable(one):
            lists = (name, type(sync).__name__) == ("list", "Sessions")
            more = {("prefetch", False)} if lists else set()
            assert more == set(parameters(two)) - set(parameters(one)), name
            assert parameters(one) == [each for each in parameters(two) if each not in more], name


def test_both_constructors_take_the_same_options() -> None:
    assert parameters(Heidi) == parameters(AsyncHeidi)


VALUES = {"__version__", "UNSET", "Region"}


@pytest.mark.parametrize("name", sorted(set(heidi_sessions.__all__) - VALUES))
def test_every_public_name_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(heidi_sessions, name))


METHODS = {each.client_method: each for each in metadata.OPERATIONS if each.client_method}


def both_views(client: object, method: str) -> list[Callable[..., object]]:
    """A method of the client, and its form with the raw response."""
    attribute, _, name = method.partition(".")
    resource = getattr(client, attribute)
    return [getattr(resource, name), getattr(resource.with_raw_response, name)]


@pytest.mark.parametrize("client", [SYNC, ASYNC])
@pytest.mark.parametrize("method", METHODS)
def test_every_call_cites_the_document(client: Heidi | AsyncHeidi, method: str) -> None:
    for function in both_views(client, method):
        assert f"Spec: {METHODS[method].id} (" in (function.__doc__ or "")


DOCUMENTED: list[Callable[..., object]] = [
    *(getattr(client, name) for client in (SYNC, ASYNC) for name in ("__init__", "with_options")),
    *(view for client in (SYNC, ASYNC) for name in METHODS for view in both_views(client, name)),
    make_session,
    HeidiMock.client,
    HeidiMock.async_client,
    HeidiMock.add,
    HeidiMock.next,
    fails,
    rate_limited,
    unavailable,
    malformed,
    slow,
]


@pytest.mark.parametrize("function", DOCUMENTED, ids=lambda function: function.__qualname__)
def test_every_argument_is_documented(function: Callable[..., object]) -> None:
    document = inspect.getdoc(function) or ""
    described = re.findall(r"^    (\w+): ", document.partition("Args:\n")[2], re.MULTILINE)
    names = [name for name, _ in parameters(function) if name != "self"]
    assert names == described[: len(names)]


@pytest.mark.parametrize("client", [SYNC, ASYNC])
@pytest.mark.parametrize("method", METHODS)
def test_every_call_documents_what_it_returns_and_raises(
    client: Heidi | AsyncHeidi, method: str
) -> None:
    types = {failure.type for failure in METHODS[method].failures}
    for function in both_views(client, method):
        document = function.__doc__ or ""
        assert "Returns:\n" in document
        assert "HeidiError: " in document
        for type_, error in errors.BY_TYPE.items():
            assert (f"{error.__name__}: " in document) == (type_ in types)
