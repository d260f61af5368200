"""A command for each method of the client, from what the document says of its operation.

The methods of the document's first resource are commands of their own; those of any other stand
behind its name, as `heidi-sessions templates list`.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from contextlib import suppress
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from heidi_generated.metadata import OPERATIONS, RESOURCES, self_contained, value_at

from ._export import export
from ._parser import closest
from ._view import show, show_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from heidi_generated.metadata import Operation, Parameter

    from heidi_sessions import Heidi

_STANDARD: Final = Path("-")

SHOWN: Final = 20
"""How many items of a list are shown unless asked otherwise."""


class InputError(Exception):
    """What was handed in cannot be used; the message is one line."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add what names the server, which may come before a command and behind it."""
    unset = argparse.SUPPRESS
    parser.add_argument("--base-url", default=unset, help="the server (HEIDI_BASE_URL)")
    parser.add_argument("--region", default=unset, help="instead of --base-url (HEIDI_REGION)")


def add_commands(parser: argparse.ArgumentParser) -> None:
    """Add a command for each method of the client, and one that exports each list."""
    commands = parser.add_subparsers(required=True, metavar="command")
    main = OPERATIONS[0].client_method or ""
    groups: dict[str, Any] = {main.partition(".")[0]: commands}
    for operation in OPERATIONS:
        if operation.client_method is None:
            continue
        attribute, _, method = operation.client_method.partition(".")
        if attribute not in groups:
            group = commands.add_parser(_spelled(attribute), help=f"{operation.tag}: more commands")
            groups[attribute] = group.add_subparsers(required=True, metavar="command")
        _add(groups[attribute], _spelled(method), operation)
        if operation.page is not None:
            name = "export" if method == "list" else f"export-{_spelled(method)}"
            _add_export(groups[attribute], name, operation)


def _add(commands: Any, name: str, operation: Operation) -> None:
    command = _command(commands, name, operation.summary, operation, _run)
    if operation.page is not None:
        number = command.add_mutually_exclusive_group()
        number.add_argument(
            "--max-items", type=_count, default=SHOWN, help=f"at most so many ({SHOWN})"
        )
        number.add_argument(
            "--all", dest="max_items", action="store_const", const=None, help="all there are"
        )
        _add_page_size(command, operation, "as many as are shown, at most {}")
    if operation.body is not None:
        source = command.add_argument(
            "--input",
            type=Path,
            default=_STANDARD if operation.body_required else None,
            help="a file with the request body, a JSON object; - reads stdin",
        )
        _is_file(source)


def _is_file(argument: argparse.Action) -> None:
    """Let a shell complete the names of files."""
    with suppress(ImportError):  # the extra [cli]
        from shtab import FILE  # noqa: PLC0415

        vars(argument)["complete"] = FILE


def _add_export(commands: Any, name: str, operation: Operation) -> None:
    command = _command(commands, name, "Write all items of the list to a file", operation, _export)
    _is_file(command.add_argument("output", type=Path, help="the file to write; - writes stdout"))
    command.add_argument(
        "--format",
        choices=("jsonl", "csv"),
        help="csv (the default where the name ends in .csv) or jsonl, which is exact; in csv, a "
        "string that a spreadsheet would take for a formula (it starts with =, +, -, @, a tab or a "
        "line break) gets a ' in front",
    )
    _add_page_size(command, operation, "{}")


def _add_page_size(command: argparse.ArgumentParser, operation: Operation, default: str) -> None:
    _, largest = _page_size(operation)
    command.add_argument(
        "--page-size",
        dest="size",
        metavar="SIZE",
        type=_count,
        help=f"items a request ({default.format(largest)})",
    )


def _command(
    commands: Any,
    name: str,
    summary: str,
    operation: Operation,
    run: Callable[[Heidi, argparse.Namespace], None],
) -> argparse.ArgumentParser:
    help_ = summary.rstrip(".").replace("%", "%%")
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=help_, description=f"{help_}."
    )
    for parameter in _arguments(operation):
        _add_argument(command, parameter)
    command.add_argument(
        "--show-phi",
        action="store_true",
        help="also show what may identify a patient, messages of the server included",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    add_server(command)
    command.set_defaults(run=run, operation=operation)
    return command


def _arguments(operation: Operation) -> Iterator[Parameter]:
    page = operation.page
    paging = {page.size, page.token} if page else set[str]()
    yield from (each for each in operation.parameters if each.name not in paging)


def _add_argument(command: argparse.ArgumentParser, parameter: Parameter) -> None:
    schema: Any = self_contained(parameter.schema)
    while "$ref" in schema:
        schema = value_at(schema, schema["$ref"].removeprefix("#"))
    help_ = parameter.description.replace("%", "%%")
    settings: dict[str, Any] = {"help": help_, "metavar": parameter.name.upper()}
    item = schema.get("items", {}) if schema.get("type") == "array" else schema
    settings["type"] = _TYPES.get(item.get("type"), str)
    if "enum" in item:
        settings["choices"] = item["enum"]
        del settings["metavar"]
    if item is not schema:
        settings["action"] = "append"
        settings["help"] = f"{help_} Repeat it for several values.".strip()
    if parameter.place == "path":
        command.add_argument(parameter.keyword, **settings)
    else:
        option = f"--{_spelled(parameter.name)}"
        command.add_argument(
            option, dest=parameter.keyword, required=parameter.required, **settings
        )


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise argparse.ArgumentTypeError("must be true or false")
    return text == "true"


_TYPES: Final[Mapping[str, Callable[[str], Any]]] = {
    "boolean": _boolean,
    "integer": int,
    "number": float,
}


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


def _spelled(name: str) -> str:
    return name.replace("_", "-").lower()


# What commands do


def _run(client: Heidi, options: argparse.Namespace) -> None:
    operation: Operation = options.operation
    keywords = _keywords(operation, options)
    counts: list[tuple[int, int | None]] = []
    if operation.page is not None:
        size, largest = _page_size(operation)
        most = options.max_items
        asked = options.size or min(most or largest, largest)
        keywords |= {size: asked, "max_items": most}
        keywords["progress"] = partial(_count_up, counts)
    if operation.body is not None and options.input is not None:
        keywords |= _body(operation, options.input)
    input_: Path | None = getattr(options, "input", None)
    source = f"{_named(input_)}: " if input_ else ""
    method = _method(client, operation)
    if (missing := _missing(operation, method, keywords)) is not None:
        raise InputError(f"{source}{missing} is missing; add it")
    try:
        result = method(**keywords)
    except (TypeError, ValueError) as error:
        raise InputError(f"{source}{error}") from None
    _show(operation, result, options)
    seen, total = counts[-1] if counts else (0, None)
    if total is not None and seen < total:
        print(f"{seen} of {total} shown; --all shows all", file=sys.stderr)


def _count_up(counts: list[tuple[int, int | None]], seen: int, total: int | None) -> None:
    counts.append((seen, total))


def _show(operation: Operation, result: Any, options: argparse.Namespace) -> None:
    if result is None:
        return
    if operation.action == "create" and not options.json:
        resource = RESOURCES[operation.resource or ""]
        print(value_at(result.to_dict(), operation.id_at or f"/{resource.id}"))
        return
    several = operation.page is not None
    known = several or operation.result is not None
    models = list(result) if several else [result]
    print_ = show_json if options.json else show
    print_(
        models,
        operation.resource if known else None,
        show_phi=options.show_phi,
        in_full=not several,
    )
    if known and models:
        _name_hidden(operation, options)


def _export(client: Heidi, options: argparse.Namespace) -> None:
    operation: Operation = options.operation
    size, largest = _page_size(operation)
    keywords = _keywords(operation, options) | {size: options.size or largest}
    if options.json and options.output == _STANDARD:
        raise InputError("--json: stdout has the items themselves; name a file")
    try:
        written = export(
            lambda progress: _method(client, operation)(**keywords, progress=progress),
            RESOURCES[operation.resource or ""],
            options.output,
            format_=options.format or _format_of(options.output),
            show_phi=options.show_phi,
        )
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise InputError(f"{options.output}: cannot be written: {error.strerror}") from error
    if options.json:
        print(json.dumps({"file": str(options.output), "items": written}, indent=2))
    if written:
        _name_hidden(operation, options)


def _format_of(output: Path) -> str:
    return "csv" if output.suffix.lower() == ".csv" else "jsonl"


def _name_hidden(operation: Operation, options: argparse.Namespace) -> None:
    """Tell a person, and no program, which properties of a resource are left out."""
    if options.show_phi or operation.resource is None or not sys.stderr.isatty():
        return
    resource = RESOURCES[operation.resource]
    hidden = (name for name in resource.columns if name not in resource.harmless)
    if names := ", ".join(dict.fromkeys(name.partition(".")[0] for name in hidden)):
        print(f"hidden: {names}; --show-phi shows them", file=sys.stderr)


def _method(client: Heidi, operation: Operation) -> Callable[..., Any]:
    method: Callable[..., Any] = attrgetter(operation.client_method or "")(client)
    return method


def _keywords(operation: Operation, options: argparse.Namespace) -> dict[str, Any]:
    given = {each.keyword: getattr(options, each.keyword) for each in _arguments(operation)}
    return {keyword: value for keyword, value in given.items() if value is not None}


def _page_size(operation: Operation) -> tuple[str, int]:
    """Return the keyword for the size of a page, and the largest by the strict document."""
    name = operation.page.size if operation.page else None
    size = next(each for each in operation.parameters if each.name == name)
    return size.keyword, int(size.schema.get("maximum", 100))


def _body(operation: Operation, source: Path) -> dict[str, Any]:
    """Return the properties of the request body in a file, by the client's keyword."""
    body = _read(source)
    unknown = sorted(body.keys() - operation.keywords.keys())
    if unknown:
        known = ", ".join(operation.keywords)
        meant = closest(unknown[0], operation.keywords)
        raise InputError(
            f"{_named(source)}: unknown property {unknown[0]!r}; use one of {known}{meant}"
        )
    return {operation.keywords[name]: value for name, value in body.items()}


def _missing(
    operation: Operation, method: Callable[..., Any], keywords: Mapping[str, Any]
) -> str | None:
    """Return the first property that a request body must have and does not have."""
    parameters = inspect.signature(method).parameters
    for name, keyword in operation.keywords.items():
        if keyword not in keywords and parameters[keyword].default is inspect.Parameter.empty:
            return name
    return None


def _read(source: Path) -> dict[str, Any]:
    name = _named(source)
    if source == _STANDARD and sys.stdin.isatty():
        print("reading the request body from this terminal; --input reads a file", file=sys.stderr)
    try:
        text = sys.stdin.read() if source == _STANDARD else source.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise InputError(f"{name}: is not UTF-8") from None
    if not text.strip():
        raise InputError(f"{name}: is empty; --input names a file with a JSON object")
    try:
        body: Any = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"{name}: is not JSON, see {place}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{name}: is not JSON") from None
    if not isinstance(body, dict):
        raise InputError(f"{name}: must be a JSON object")
    return cast("dict[str, Any]", body)


def _named(source: Path) -> str:
    return "stdin" if source == _STANDARD else str(source)
