"""Read and write YAML and JSON documents: exactly, and the same way every time.

Reading follows YAML 1.2 (core schema) and RFC 8259, and refuses what the two cannot share, so
that a document means the same to every reader. Writing quotes whatever some reader, old or new,
might take for another type.
"""

from __future__ import annotations

import codecs
import json
import math
import re
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH: Final = 100
MAX_NODES: Final = 2_000_000


class DocumentError(Exception):
    """A document cannot be read or written; the message is one line with the place and the fix."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


def load(path: Path, deepest: int = MAX_DEPTH) -> Json:
    """Read a document: JSON where the name ends in `.json` or the text is JSON, else YAML 1.2.

    Decimal digits with a leading zero (`012`) stay a string, integers stay exact, aliases become
    independent copies, and an unquoted response code used as a key becomes a string as written.

    Args:
        path: a UTF-8 file that holds one document.
        deepest: how deeply lists and objects may be nested.

    Returns:
        The document; no two places in it share an object.

    Raises:
        DocumentError: the file cannot be read, or means different things to different readers.
    """
    text = _read(path)
    document = _parse(text, str(path), deepest, is_json=path.suffix.lower() == ".json")
    _refuse_what_is_not_json(document, f"{path}: ", deepest)
    return document


def dump_yaml(document: Json) -> str:
    """Write a document as YAML that YAML 1.1 and 1.2 readers read alike.

    Raises:
        DocumentError: the document holds something that JSON cannot.
    """
    _refuse_what_is_not_json(document)
    return yaml.dump(
        document,
        Dumper=_Dumper,
        allow_unicode=True,
        default_flow_style=False,
        sort_keys=False,
        width=math.inf,
    )


def dump_json(document: Json) -> str:
    """Write a document as JSON: two spaces deep, readable Unicode, a newline at the end.

    Raises:
        DocumentError: the document holds something that JSON cannot.
    """
    _refuse_what_is_not_json(document)
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write(path: Path, text: str) -> bool:
    """Replace a file in one step, so that no reader ever meets half of it.

    Returns:
        Whether the file changed; one that holds the same text already is not touched.

    Raises:
        DocumentError: the file cannot be written; it is then as it was.
    """
    try:
        content = text.encode()
        path = path.resolve()
        if path.exists():
            if not path.is_file():
                raise DocumentError(f"{path}: is not a regular file; name another output")
            if path.read_bytes() == content:
                return False
        _replace(path, content)
    except OSError as error:
        raise DocumentError(
            f"{path}: cannot be written: {error.strerror}; check the folder and its permissions"
        ) from error
    except UnicodeEncodeError as error:
        raise DocumentError(f"{path}: {_HALF_PAIR}") from error
    return True


def json_path(location: tuple[str | int, ...]) -> str:
    """Show a place in a document to people: `$.paths['/things'].get.tags[0]`."""
    return "$" + "".join(
        f".{key}" if isinstance(key, str) and _NAME.fullmatch(key) else f"[{key!r}]"
        for key in location
    )


_NAME: Final = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_HALF_PAIR: Final = "holds half a surrogate pair; write the whole character"


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"{path}: cannot be read: {error.strerror}; name a readable file"
        ) from error
    if content.startswith(codecs.BOM_UTF8):
        raise DocumentError(f"{path}:1:1: a byte order mark; save as UTF-8 without it")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise DocumentError(f"{path}:{line}:{column}: not UTF-8; save as UTF-8") from error
    if not text.strip():
        raise DocumentError(f"{path}: is empty; write a document in it")
    return text


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


# What both formats share


class _Twice:
    """Stands in for the value of a key that an object holds twice."""


_REFUSALS: Final[dict[type, Callable[[Any], str | None]]] = {
    type(None): lambda _: None,
    bool: lambda _: None,
    list: lambda _: None,
    dict: lambda _: None,
    # Python turns at most 4300 digits into a string and back.
    int: lambda n: "has too many digits; quote it" if n.bit_length() > 14_000 else None,
    float: lambda n: None if math.isfinite(n) else f"{n} is not a JSON number; quote it",
    str: lambda s: _HALF_PAIR if _SURROGATE.search(s) else None,
    _Twice: lambda _: "duplicate key; keep one",
}


_Place: TypeAlias = "tuple[_Place | None, str | int]"
"""What holds a value, and where in it; so that the way to a value is only written out at need."""


def _refuse_what_is_not_json(document: object, source: str = "", deepest: int = MAX_DEPTH) -> None:
    waiting: list[tuple[object, _Place | None, int]] = [(document, None, 0)]
    while waiting:
        value, place, depth = waiting.pop()
        refusal = _REFUSALS.get(type(value), _refuse_type)(value)
        if depth > deepest:
            refusal = f"nests deeper than {deepest} levels; flatten it"
        children: list[tuple[object, _Place | None, int]] = []
        if isinstance(value, dict):
            for key, child in cast("dict[object, object]", value).items():
                if not isinstance(key, str) or _SURROGATE.search(key):
                    refusal = refusal or f"the key {key!r} is not a string; quote it"
                    break
                children.append((child, (place, key), depth + 1))
        elif isinstance(value, list):
            items = enumerate(cast("list[object]", value))
            children = [(child, (place, index), depth + 1) for index, child in items]
        if refusal is not None:
            way = _way(place)[: 3 if depth > deepest else None]
            raise DocumentError(f"{source}{json_path(way)}: {refusal}")
        waiting += reversed(children)


def _way(place: _Place | None) -> tuple[str | int, ...]:
    way: list[str | int] = []
    while place is not None:
        place, name = place
        way.append(name)
    return tuple(reversed(way))


def _refuse_type(value: object) -> str:
    return f"{type(value).__name__} is not a JSON type; turn it into a string, a list or a dict"


def _parse(text: str, source: str, deepest: int, *, is_json: bool) -> Json:
    if is_json or text.lstrip().startswith("{"):
        try:
            document: Json = json.loads(text, object_pairs_hook=_object)
        except json.JSONDecodeError as error:
            if is_json:
                where = f"{source}:{error.lineno}:{error.colno}"
                raise DocumentError(f"{where}: not JSON: {error.msg}; fix it there") from error
        except RecursionError as error:
            raise DocumentError(f"{source}: nests too deep; flatten it") from error
        except ValueError as error:
            raise DocumentError(f"{source}: a number has too many digits; quote it") from error
        else:
            return document
    return _from_yaml(text, source, deepest)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        result[key] = _Twice() if key in result else value
    return result


# Reading YAML

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# What YAML 1.2 forbids, and what breaks lines in 1.1 only: U+0085, U+2028, U+2029.
_NOT_YAML: Final = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError
    return number


def _refuse_number(_: str) -> NoReturn:
    raise ValueError


# YAML 1.2.2, section 10.3.2, but for 012, which is more often an id than a number.
_PLAIN: Final[dict[str, tuple[str, Callable[[str], Json]]]] = {
    "null": ("~|null|Null|NULL|", lambda _: None),
    "true": ("true|True|TRUE", lambda _: True),
    "false": ("false|False|FALSE", lambda _: False),
    "int": ("[-+]?(?:0|[1-9][0-9]*)", int),
    "octal": ("0o[0-7]+", lambda text: int(text, 0)),
    "hexadecimal": ("0x[0-9a-fA-F]+", lambda text: int(text, 0)),
    "float": (
        r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)",
        _float,
    ),
    "special": (r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", _refuse_number),
}
_PLAIN_SCALAR: Final = re.compile("|".join(f"(?P<{name}>{row[0]})" for name, row in _PLAIN.items()))


def _from_yaml(text: str, source: str, deepest: int) -> Json:
    if stray := _NOT_YAML.search(text):
        line = text.count("\n", 0, stray.start()) + 1
        column = stray.start() - text.rfind("\n", 0, stray.start())
        code = f"U+{ord(stray[0]):04X}"
        raise DocumentError(f"{source}:{line}:{column}: bare {code}; write it as an escape")
    builder = _Builder(source, deepest)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        raise DocumentError(f"{where}: not YAML: {error.problem}; fix it there") from error
    except yaml.YAMLError as error:
        raise DocumentError(f"{source}: not YAML: {error}; fix it there") from error
    if not builder.documents:
        raise DocumentError(f"{source}: holds only comments; write a document in it")
    return builder.document


@dataclass(slots=True)
class _Container:
    value: list[Json] | dict[str, Json]
    anchor: str | None
    key: str | None = None

    @property
    def awaits_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None


class _Builder:
    """Builds a document from YAML events, without recursion: no nesting can exhaust the stack."""

    def __init__(self, source: str, deepest: int) -> None:
        self.source, self.deepest = source, deepest
        self.document: Json = None
        self.documents = 0
        self.nodes = 0
        self.open: list[_Container] = []
        self.anchors: dict[str, Json | _Container] = {}
        self.handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.DocumentStartEvent: self._start_document,
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: lambda event: self._start(event, []),
            yaml.MappingStartEvent: lambda event: self._start(event, {}),
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
        }

    def feed(self, event: yaml.Event) -> None:
        handler = self.handlers.get(type(event))
        if handler:
            handler(event)

    def _refuse(self, event: Any, reason: str) -> NoReturn:
        mark = event.start_mark
        raise DocumentError(f"{self.source}:{mark.line + 1}:{mark.column + 1}: {reason}")

    def _start_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(event, "a second document starts; put it in a file of its own")

    def _scalar(self, event: Any) -> None:
        self._refuse_tag(event, "str")
        self._spend(event, len(self.open))
        value = self._resolve(event) if event.tag is None and event.implicit[0] else event.value
        if event.anchor:
            self.anchors[event.anchor] = value
        self._put(value, event)

    def _resolve(self, event: Any) -> Json:
        match = _PLAIN_SCALAR.fullmatch(event.value)
        if match is None or match.lastgroup is None:
            return str(event.value)
        try:
            return _PLAIN[match.lastgroup][1](event.value)
        except ValueError:
            self._refuse(event, f"{event.value[:40]} cannot be kept as a number; quote it")

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._refuse(event, f"*{event.anchor} names no anchor; define &{event.anchor} first")
        value = self.anchors[event.anchor]
        if isinstance(value, _Container):
            self._refuse(event, f"*{event.anchor} is inside itself; write the value out")
        self._put(self._copy(value, event, len(self.open)), event)

    def _copy(self, value: Json, event: Any, depth: int) -> Json:
        self._spend(event, depth)
        if isinstance(value, dict):
            return {key: self._copy(child, event, depth + 1) for key, child in value.items()}
        if isinstance(value, list):
            return [self._copy(child, event, depth + 1) for child in value]
        return value

    def _start(self, event: Any, value: list[Json] | dict[str, Json]) -> None:
        self._refuse_tag(event, "seq" if isinstance(value, list) else "map")
        self._spend(event, len(self.open))
        if self.open and self.open[-1].awaits_key:
            self._refuse(event, "a key must be a string; quote it")
        container = _Container(value, event.anchor)
        if event.anchor:
            self.anchors[event.anchor] = container
        self.open.append(container)

    def _end(self, event: Any) -> None:
        container = self.open.pop()
        if container.anchor:
            self.anchors[container.anchor] = container.value
        self._put(container.value, event)

    def _put(self, value: Json, event: Any) -> None:
        if not self.open:
            self.document = value
            return
        container = self.open[-1]
        if isinstance(container.value, list):
            container.value.append(value)
        elif container.key is None:
            container.key = self._key(value, event, container.value)
        else:
            container.value[container.key] = value
            container.key = None

    def _key(self, value: Json, event: Any, siblings: dict[str, Json]) -> str:
        if type(value) is int and isinstance(event, yaml.ScalarEvent):
            value = str(event.value)
        if not isinstance(value, str):
            self._refuse(event, f"the key {json.dumps(value)} is not a string; quote it")
        if value in siblings:
            self._refuse(event, f"duplicate key {value!r}; keep one")
        return value

    def _refuse_tag(self, event: Any, allowed: str) -> None:
        if event.tag not in {None, "!", f"tag:yaml.org,2002:{allowed}"}:
            self._refuse(event, f"the tag {event.tag} is not supported; write a plain value")

    def _spend(self, event: Any, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse(event, f"aliases expand to over {MAX_NODES} nodes; write fewer")
        if depth > self.deepest:
            self._refuse(event, f"nests deeper than {self.deepest} levels; flatten it")


# Writing YAML

# Words that some YAML reader takes for null, a boolean or a number.
_WORDS: Final = frozenset(
    ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity")
)
_READABLE: Final = re.compile(
    r"[\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_STARTS_PLAIN: Final = re.compile(r"[^\W\d_]|[$/]")


# The pure Python emitter: the C one escapes other characters, and output must not depend on it.
class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _style(text: str) -> str | None:
    if not _READABLE.fullmatch(text):
        return '"'
    if "\n" in text:
        return "|"
    if _STARTS_PLAIN.match(text) and text.casefold() not in _WORDS:
        return None
    return "'"


def _represent_text(_: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=_style(text))


_Dumper.add_representer(str, _represent_text)
