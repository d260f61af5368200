"""What an editor shows for each method: its signature, its docstring and its definition."""

from __future__ import annotations

import ast
import inspect
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import heidi_spec
import jedi  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
import pytest
from heidi_generated import metadata, resources
from heidi_sessions import AsyncHeidi, Heidi, RawResponse

from .language_server import LanguageServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESOURCES = Path(resources.__file__)
METHODS = {each.client_method: each for each in metadata.OPERATIONS if each.client_method}
CLIENT = heidi_spec.load("client")
WALK = {"max_items", "progress"}
OPTIONS = {"extra_headers", "extra_query", "timeout", "deadline"}


def properties_of(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = CLIENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    properties: dict[str, Any] = schema.get("properties", {})
    return properties


def document_names(operation: metadata.Operation) -> tuple[set[str], set[str]]:
    """The parameters of a call in the document: those in the path, and those by name."""
    item = CLIENT["paths"][operation.route]
    node = item[operation.method.lower()]
    parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
    path = {each["name"] for each in parameters if each["in"] == "path"}
    named = {each["name"] for each in parameters if each["in"] != "path"}
    media = node.get("requestBody", {}).get("content", {}).get("application/json", {})
    return path, named | set(properties_of(media.get("schema", {})))


def expected(operation: metadata.Operation, *, raw: bool, aio: bool) -> set[str]:
    path, named = document_names(operation)
    named |= OPTIONS | ({"extra_body"} if operation.body is not None else set())
    if operation.page is None or raw:
        return path | named
    return path | named | WALK | ({"prefetch"} if aio else set())


def views() -> Iterator[tuple[str, Callable[..., Any], set[str], metadata.Operation]]:
    for client, aio in ((Heidi(token="t"), False), (AsyncHeidi(token="t"), True)):
        for method, operation in METHODS.items():
            attribute, _, name = method.partition(".")
            resource = getattr(client, attribute)
            for raw in (False, True):
                view = resource.with_raw_response if raw else resource
                label = f"{type(view).__name__}.{name}"
                yield label, getattr(view, name), expected(operation, raw=raw, aio=aio), operation


VIEWS = list(views())


@pytest.mark.parametrize(
    ("label", "function", "names", "operation"), VIEWS, ids=[view[0] for view in VIEWS]
)
def test_a_method_has_each_parameter_of_the_document_and_no_other(
    label: str, function: Callable[..., Any], names: set[str], operation: metadata.Operation
) -> None:
    parameters = inspect.signature(function).parameters
    path, _ = document_names(operation)
    assert names == {name.rstrip("_") for name in parameters}
    keyword = inspect.Parameter.KEYWORD_ONLY
    assert names - path == {n.rstrip("_") for n, p in parameters.items() if p.kind is keyword}


@pytest.mark.parametrize(
    ("label", "function", "names", "operation"), VIEWS, ids=[view[0] for view in VIEWS]
)
def test_type_hints_are_types_and_say_what_is_returned(
    label: str, function: Callable[..., Any], names: set[str], operation: metadata.Operation
) -> None:
    hints = typing.get_type_hints(function)
    result = hints.pop("return")
    assert names == {name.rstrip("_") for name in hints}
    assert not any(isinstance(hint, str) for hint in hints.values())
    if "WithRawResponse" in label:
        assert RawResponse is typing.get_origin(result)
        (result,) = typing.get_args(result)
    elif operation.page is not None:
        assert hasattr(result, "first_page")
        return
    if operation.result is not None and operation.page is None:
        assert operation.resource == result.__name__


def test_enums_and_objects_of_a_request_can_be_written_as_plain_values() -> None:
    """A nested object is a model or a dict, an enum of it a member or its string."""
    nested = {
        (method, name): properties_of(node)
        for method, operation in METHODS.items()
        if operation.body is not None
        for name, node in properties_of({"$ref": operation.body["$ref"]}).items()
        if "$ref" in node and properties_of(node)
    }
    assert nested
    for (method, name), properties in nested.items():
        attribute, _, function = method.partition(".")
        hints = typing.get_type_hints(getattr(getattr(Heidi(token="t"), attribute), function))
        (fields,) = [each for each in typing.get_args(hints[name]) if typing.is_typeddict(each)]
        keys = typing.get_type_hints(fields)
        assert properties.keys() == keys.keys()
        for key, node in properties.items():
            values = enum_of(node)
            literals = [a for a in typing.get_args(keys[key]) if typing.get_origin(a) is not None]
            assert values == [v for each in literals for v in typing.get_args(each)]


def enum_of(node: dict[str, Any]) -> list[str]:
    while "$ref" in node:
        node = CLIENT["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    values: list[str] = node.get("enum", [])
    return values


# What an editor asks for


PROGRAM = "from heidi_sessions import AsyncHeidi, Heidi\n\nclient = {client}()\n" + "\n".join(
    f"client.{method}()" for method in METHODS
)
CLIENTS = ["Heidi", "AsyncHeidi"]


def definition_line(client: str, method: str) -> int:
    """The line of a method's name in its class."""
    attribute, _, name = method.partition(".")
    kind = type(getattr({"Heidi": Heidi, "AsyncHeidi": AsyncHeidi}[client](token="t"), attribute))
    for node in ast.parse(RESOURCES.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
            for each in node.body:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.name == name:
                    return each.lineno
    raise AssertionError(method)


@pytest.fixture(scope="module", params=CLIENTS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, LanguageServer]]:
    folder = tmp_path_factory.mktemp("editor")
    text = PROGRAM.format(client=request.param)
    with LanguageServer(folder, text) as language_server:
        yield request.param, language_server


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_pyright_shows_the_function_with_its_docstring(
    server: tuple[str, LanguageServer], method: str
) -> None:
    _, language_server = server
    shown = language_server.ask("hover", f"client.{method}")["contents"]["value"]
    name = method.partition(".")[2]
    assert shown.startswith(("(method) def " + name, "(method) async def " + name))
    assert f"Spec: {METHODS[method].id} (" in shown
    assert "Returns:" in shown


@pytest.mark.parametrize("method", METHODS)
def test_pyright_goes_to_the_definition_of_the_method_itself(
    server: tuple[str, LanguageServer], method: str
) -> None:
    client, language_server = server
    (place,) = language_server.ask("definition", f"client.{method}")
    assert place["uri"] == RESOURCES.as_uri()
    assert place["range"]["start"]["line"] + 1 == definition_line(client, method)


@pytest.mark.parametrize("method", METHODS)
def test_pyright_lists_every_parameter_where_a_call_begins(
    server: tuple[str, LanguageServer], method: str
) -> None:
    client, language_server = server
    help_ = language_server.ask("signatureHelp", f"client.{method}(")
    (signature,) = help_["signatures"]
    label = signature["label"]
    shown = {
        (each["label"] if isinstance(each["label"], str) else label[slice(*each["label"])])
        .partition(":")[0]
        .rstrip("_")
        for each in signature["parameters"]
    }
    assert expected(METHODS[method], raw=False, aio=client == "AsyncHeidi") == shown - {"*", "/"}


@pytest.mark.slow
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("method", METHODS)
def test_jedi_shows_the_same(client: str, method: str, tmp_path: Path) -> None:
    script = jedi.Script(PROGRAM.format(client=client), path=tmp_path / "program.py")
    line = [*METHODS].index(method) + 4
    column = len(f"client.{method}")
    (hover,) = script.help(line, column)
    assert "function" == hover.type
    assert f"Spec: {METHODS[method].id} (" in hover.docstring()
    (place,) = script.goto(line, column, follow_imports=True)
    assert (RESOURCES, definition_line(client, method)) == (place.module_path, place.line)
    (signature,) = script.get_signatures(line, column + 1)
    names = {each.name.rstrip("_") for each in signature.params}
    assert expected(METHODS[method], raw=False, aio=client == "AsyncHeidi") == names
