"""Documents are read exactly, and written so that all readers agree."""

from __future__ import annotations

import copy
import json
import math
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from heidi_spec_tools import documents
from heidi_spec_tools.documents import DocumentError, dump_json, dump_yaml, json_path, load, write
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from heidi_spec_tools.documents import Json

LOADERS = {"c": getattr(yaml, "CSafeLoader", yaml.SafeLoader), "python": yaml.SafeLoader}


@pytest.fixture(params=LOADERS)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_LOADER", LOADERS[request.param])


def read(folder: Path, text: str | bytes, name: str = "x.yaml") -> Json:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


def refusal(folder: Path, text: str | bytes, name: str = "x.yaml") -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, text, name)
    message = str(caught.value)
    assert [message] == message.splitlines()
    assert message.startswith(str(folder / name))
    return message.removeprefix(str(folder / name))


def exact(value: Json) -> str:
    """Tell 1 from true and 1.0, and one order of keys from another."""
    return json.dumps(value)


# Reading

SCALARS: dict[str, Json] = {
    "null": None,
    "Null": None,
    "NULL": None,
    "~": None,
    "": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "0": 0,
    "-7": -7,
    "+7": 7,
    "0o17": 15,
    "0x1F": 31,
    "298463846276398462983462983462983462938": 298463846276398462983462983462983462938,
    "1.5": 1.5,
    "-.5": -0.5,
    "1.": 1.0,
    "01.5": 1.5,
    "1e3": 1000.0,
    "1.5E-3": 0.0015,
    "012": "012",
    "-012": "-012",
    "00": "00",
    "0o8": "0o8",
    "0b1": "0b1",
    "1_000": "1_000",
    "12:30:45": "12:30:45",
    "1990-01-01": "1990-01-01",
    "2001-12-14T21:59:43Z": "2001-12-14T21:59:43Z",
    "yes": "yes",
    "No": "No",
    "on": "on",
    "OFF": "OFF",
    "y": "y",
    "tRUE": "tRUE",
    "nUll": "nUll",
    "<<": "<<",
    "=": "=",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "inf": "inf",
    "1e": "1e",
    "e1": "e1",
    ".": ".",
    "+": "+",
    "\u0661": "\u0661",  # a digit for str.isdigit, not for YAML
    "'12'": "12",
    '"true"': "true",
    "!!str 12": "12",
    "! 12": "12",
    '"\\u2028\\x85\\U0001F600\\0"': "\u2028\x85😀\0",
    "|\n  a\n  b\n": "a\nb\n",
    ">-\n  a\n  b\n": "a b",
}


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("text", "expected"), SCALARS.items())
def test_a_scalar_is_read_by_the_core_schema_of_yaml_1_2(
    text: str, expected: Json, tmp_path: Path
) -> None:
    assert exact({"a": expected}) == exact(read(tmp_path, f"a: {text}"))


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200: a", "200"),
        ("0x1F: a", "0x1F"),
        ("+1: a", "+1"),
        ("012: a", "012"),
        ("on: a", "on"),
        ("yes: a", "yes"),
        ("1990-01-01: a", "1990-01-01"),
        ("'null': a", "null"),
        ("!!str 1.5: a", "1.5"),
        ("<<: a", "<<"),
        ("298463846276398462983462983462983462938: a", "298463846276398462983462983462983462938"),
        ("? |-\n  a\n  b\n: a", "a\nb"),
    ],
)
def test_a_key_becomes_the_string_as_written(text: str, expected: str, tmp_path: Path) -> None:
    assert exact({expected: "a"}) == exact(read(tmp_path, text))


@pytest.mark.usefixtures("loader")
def test_a_merge_key_merges_nothing(tmp_path: Path) -> None:
    actual = read(tmp_path, "a: &a {x: 1}\nb:\n  <<: *a\n")
    assert exact({"a": {"x": 1}, "b": {"<<": {"x": 1}}}) == exact(actual)


@pytest.mark.usefixtures("loader")
def test_aliases_become_independent_copies(tmp_path: Path) -> None:
    document: Any = read(tmp_path, "a: &a {x: &x [1]}\nb: *a\nc: [*x, *x]\n&k key: *k\n")
    document["b"]["x"].append(2)
    document["c"][0].append(3)
    expected: Json = {"a": {"x": [1]}, "b": {"x": [1, 2]}, "c": [[1, 3], [1]], "key": "key"}
    assert exact(expected) == exact(document)


@pytest.mark.usefixtures("loader")
def test_an_anchor_may_be_defined_again(tmp_path: Path) -> None:
    assert exact([1, 1, 2, 2]) == exact(read(tmp_path, "[&a 1, *a, &a 2, *a]"))


BOMB = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)

REFUSED_YAML: dict[str, str] = {
    "a: .inf": ":1:4: .inf cannot be kept as a number; quote it",
    "a: -.INF": ":1:4: -.INF cannot be kept as a number; quote it",
    "a: .NaN": ":1:4: .NaN cannot be kept as a number; quote it",
    "a: 1e999": ":1:4: 1e999 cannot be kept as a number; quote it",
    "a: " + "9" * 5000: f":1:4: {'9' * 40} cannot be kept as a number; quote it",
    "a: !!binary aGk=": ":1:4: the tag tag:yaml.org,2002:binary is not supported",
    "a: !!int 3": ":1:4: the tag tag:yaml.org,2002:int is not supported",
    "a: !!python/name:os.system": ":1:4: the tag tag:yaml.org,2002:python/name:os.system is not",
    "a: !!python/object/apply:os.system [ls]": ":1:4: the tag tag:yaml.org,2002:python/obj",
    "a: !Ref b": ":1:4: the tag !Ref is not supported; write a plain value",
    "!!set {a, b}": ":1:1: the tag tag:yaml.org,2002:set is not supported",
    "!!omap [a: 1]": ":1:1: the tag tag:yaml.org,2002:omap is not supported",
    "null: 1": ":1:1: the key null is not a string; quote it",
    "a:\n  ~: 1": ":2:3: the key null is not a string; quote it",
    "1.5: 1": ":1:1: the key 1.5 is not a string; quote it",
    "true: 1": ":1:1: the key true is not a string; quote it",
    "[a]: 1": ":1:1: a key must be a string; quote it",
    "? {a: b}\n: 1": ":1:3: a key must be a string; quote it",
    "a: &a [b]\n? *a\n: 1": ':2:3: the key ["b"] is not a string; quote it',
    "a: &a 0x1F\n*a : 1": ":2:1: the key 31 is not a string; quote it",
    "a: 1\na: 2": ":2:1: duplicate key 'a'; keep one",
    "a:\n  200: 1\n  '200': 2": ":3:3: duplicate key '200'; keep one",
    "a: {<<: 1, <<: 2}": ":1:12: duplicate key '<<'; keep one",
    "a: *b": ":1:4: *b names no anchor; define &b first",
    "a: &a [*a]": ":1:8: *a is inside itself; write the value out",
    "a: &a {b: {c: *a}}": ":1:15: *a is inside itself; write the value out",
    "--- 1\n--- 2": ":2:1: a second document starts; put it in a file of its own",
    "": ": is empty; write a document in it",
    " \n\n": ": is empty; write a document in it",
    "# only\n": ": holds only comments; write a document in it",
    "a: [": ":",
    "a: b: c": ":1:5: not YAML: mapping values are not allowed",
    "\ta: 1": ":1:1: not YAML: found character",
    "a: 'b": ":",
    "a: \x01": ":1:4: bare U+0001; write it as an escape",
    "a: 1\nb: x\u2028y": ":2:5: bare U+2028; write it as an escape",
    "a: x\x85y": ":1:5: bare U+0085; write it as an escape",
    "a: \ufffe": ":1:4: bare U+FFFE; write it as an escape",
    'a: "\\ud83d"': ":",
    "[" * 102 + "]" * 102: ":1:102: nests deeper than 100 levels; flatten it",
    "[" * 100_000: ":1:102: nests deeper than 100 levels; flatten it",
    "a: &a " + "[" * 60 + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60: ":2:64: nests deeper",
    BOMB: ":7:",
}


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "reason"), REFUSED_YAML.items(), ids=[text[:24] for text in REFUSED_YAML]
)
def test_yaml_that_readers_disagree_on_is_refused_in_one_line(
    text: str, reason: str, tmp_path: Path
) -> None:
    assert refusal(tmp_path, text).startswith(reason)


REFUSED_JSON: dict[str, str] = {
    '{"a": 1, "a": 2}': ": $.a: duplicate key; keep one",
    '{"a": [{"b": {}, "b": {}}]}': ": $.a[0].b: duplicate key; keep one",
    '{"a": NaN}': ": $.a: nan is not a JSON number; quote it",
    "[-Infinity]": ": $[0]: -inf is not a JSON number; quote it",
    '{"/a": 1e999}': ": $['/a']: inf is not a JSON number; quote it",
    '{"a": "\\ud83d"}': ": $.a: holds half a surrogate pair; write the whole character",
    '{"\\udc00": 1}': ": $: the key '\\udc00' is not a string; quote it",
    "[" + "9" * 5000 + "]": ": a number has too many digits; quote it",
    "{'a': 1}": ":1:2: not JSON: Expecting property name",
    '{"a": 1}\n{}': ":2:1: not JSON: Extra data",
    "a: 1": ":1:1: not JSON: Expecting value",
    "[1,]": ":1:",
    "\n": ": is empty; write a document in it",
    "[" * 102 + "]" * 102: ": $[0][0][0]: nests deeper than 100 levels; flatten it",
    "[" * 100_000: ": nests too deep; flatten it",
}


@pytest.mark.parametrize(
    ("text", "reason"), REFUSED_JSON.items(), ids=[text[:24] for text in REFUSED_JSON]
)
def test_json_that_readers_disagree_on_is_refused_in_one_line(
    text: str, reason: str, tmp_path: Path
) -> None:
    assert refusal(tmp_path, text, "x.json").startswith(reason)


def test_json_keeps_integers_exact_and_joins_surrogate_pairs(tmp_path: Path) -> None:
    text = (
        '{"id": 298463846276398462983462983462983462938, "a": "\\ud83d\\ude00", "b": [1.0, -0.0]}'
    )
    expected: Json = {"id": 298463846276398462983462983462983462938, "a": "😀", "b": [1.0, -0.0]}
    assert exact(expected) == exact(read(tmp_path, text, "x.json"))
    assert exact(expected) == exact(read(tmp_path, text, "x.JSON"))


def test_json_is_also_recognized_by_its_content(tmp_path: Path) -> None:
    assert exact({"a": "😀"}) == exact(read(tmp_path, '\n{\n\t"a": "\\ud83d\\ude00"\n}', "x.yaml"))
    assert exact({"a": "b", "c": None}) == exact(read(tmp_path, "{a: b, c}", "x.yaml"))
    assert refusal(tmp_path, '{"a": 1, "a": 2}').startswith(": $.a: duplicate key")


@pytest.mark.parametrize("name", ["x.yaml", "x.json"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xef\xbb\xbf{}", ":1:1: a byte order mark; save as UTF-8 without it"),
        (b"\xff\xfe{\0}\0", ":1:1: not UTF-8; save as UTF-8"),
        (b'{"a": 1,\n "b": "\xe9"}', ":2:8: not UTF-8; save as UTF-8"),
    ],
)
def test_a_file_is_utf_8_without_a_byte_order_mark(
    content: bytes, reason: str, name: str, tmp_path: Path
) -> None:
    assert reason == refusal(tmp_path, content, name)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"absent\.yaml: cannot be read: No such file"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(DocumentError, match="cannot be read: Is a directory; name a readable file"):
        load(tmp_path)


def test_an_error_is_one_line_whatever_it_quotes() -> None:
    assert str(DocumentError("a\nb\r\nc\u2028d")) == "a b c d"


# Writing

MISREAD = """
    yes Yes YES no on off y n true True false null Null ~ 012 0o7 0x1F 0b1 1_000 1e3 1. .5 +1 -1
    12 1.5 12:30 12:30:45 190:20:30 1990-01-01 2001-12-14t21:59:43.10-05:00 .inf -.inf .nan NaN
    Infinity = << - ? : ! & * # @ ` % | > , [] {} --- ... '' " a: :a a:b a#b #a 1e 0o8
    298463846276398462983462983462983462938
""".split()
AWKWARD = [
    "",
    " ",
    "\n",
    " \n",
    "\n\n",
    " a",
    "a ",
    "a #b",
    "a: b",
    "- a",
    "--- ",
    "a\nb",
    "a\nb\n",
    "a\nb\n\n",
    "\na",
    "\n a",
    " a\nb",
    "a\n b",
    "a \nb",
    "a\nb ",
    "a\n  \nb",
    "a\n\tb",
    "\ta\nb",
    "a\r\nb",
    "a\rb",
    "#a\nb",
    "---\na",
    "a\n...\n",
    "%YAML\n",
    "a\0b",
    "\x07\x1b\x7f\x80\x9f",
    "a\x85b",
    "a\u2028b\u2029c",
    "\ufeffa",
    "a\n\ufeffb",
    "\xa0",
    "\ufffe\uffff",
    "😀",
    "\U0010ffff",
    "é" * 300,
    "word " * 100,
    "k" * 2000,
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text("ab \n\t:#-'\"\\|>{}[],&*!%@`?\r\x85\u2028\ufeff0"),
    st.sampled_from(MISREAD + AWKWARD),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
EVERY_TEXT: Json = {text: [text, {text: text}] for text in MISREAD + AWKWARD}
EVERY_NUMBER: Json = [0, -0.0, 1.0, 1e16, 1e-7, 1.5e300, 5e-324, 2**53 + 1, 10**39, -(10**39)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(DOCUMENTS)
@example(EVERY_TEXT)
@example(EVERY_NUMBER)
@pytest.mark.usefixtures("loader")
def test_what_is_written_is_read_back(tmp_path: Path, document: Json) -> None:
    assert exact(document) == exact(read(tmp_path, dump_yaml(document), "x.yaml"))
    assert exact(document) == exact(read(tmp_path, dump_json(document), "x.json"))


def yaml_1_1(text: str) -> Json:
    document: Json = yaml.safe_load(text)
    return document


def yaml_1_2(text: str) -> Json:
    document: Json = YAML(typ="safe", pure=True).load(text)
    return document


@settings(deadline=None)
@given(DOCUMENTS)
@example(EVERY_TEXT)
@example(EVERY_NUMBER)
@pytest.mark.parametrize("reader", [yaml_1_1, yaml_1_2])
def test_other_readers_of_yaml_read_the_same(reader: Any, document: Json) -> None:
    assert exact(document) == exact(reader(dump_yaml(document)))


@pytest.mark.parametrize("text", MISREAD)
def test_a_string_that_some_reader_takes_for_another_type_is_quoted(text: str) -> None:
    first = dump_yaml({text: text})[0]
    assert first in "'\"" or text in {"a:b", "a#b"}


def test_yaml_is_readable_and_keeps_the_order_of_keys() -> None:
    document: Json = {
        "openapi": "3.1.0",
        "paths": {"/a/{b}": {"get": {"description": "One é.\n\nTwo 😀.\n", "tags": ["x", "on"]}}},
        "$ref": "#/a",
        "responses": {"200": {}, "default": []},
        "long": "word " * 50 + "end",
        "null": None,
        "n": [1, 1.0, True],
        "list": [[1], [{"a": 1, "b": 2}]],
    }
    expected = f"""\
openapi: '3.1.0'
paths:
  /a/{{b}}:
    get:
      description: |
        One é.

        Two 😀.
      tags:
        - x
        - 'on'
$ref: '#/a'
responses:
  '200': {{}}
  default: []
long: {"word " * 50}end
'null': null
'n':
  - 1
  - 1.0
  - true
list:
  - - 1
  - - a: 1
      b: 2
"""
    assert expected == dump_yaml(document)


def test_json_is_readable_and_keeps_the_order_of_keys() -> None:
    expected = '{\n  "b": "é 😀",\n  "a": [\n    1.0\n  ]\n}\n'
    assert expected == dump_json({"b": "é 😀", "a": [1.0]})


def test_an_object_that_occurs_twice_is_written_twice() -> None:
    shared: Json = {"a": [1]}
    expected = "b:\n  a:\n    - 1\nc:\n  a:\n    - 1\n"
    assert expected == dump_yaml({"b": shared, "c": shared})


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize("dump", [dump_yaml, dump_json])
@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"a": [math.nan]}, "$.a[0]: nan is not a JSON number; quote it"),
        (math.inf, "$: inf is not a JSON number; quote it"),
        ({"a": "\ud800"}, "$.a: holds half a surrogate pair; write the whole character"),
        ({"a": {1: 2}}, "$.a: the key 1 is not a string; quote it"),
        ({"a": (1,)}, "$.a: tuple is not a JSON type; turn it into a string, a list or a dict"),
        ({"a": b"x"}, "$.a: bytes is not a JSON type; turn it into a string, a list or a dict"),
        ({"a": 10**5000}, "$.a: has too many digits; quote it"),
        (LOOP, "$[0][0][0]: nests deeper than 100 levels; flatten it"),
    ],
)
def test_a_value_that_json_cannot_represent_is_not_written(
    dump: Any, document: Any, reason: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        dump(document)
    assert reason == str(caught.value)


def test_the_deepest_document_that_is_read_is_written() -> None:
    document: Json = []
    for _ in range(100):
        document = [document]
    assert document == yaml.safe_load(dump_yaml(document)) == json.loads(dump_json(document))


def test_writing_does_not_change_the_document() -> None:
    document = copy.deepcopy(EVERY_TEXT)
    dump_yaml(document)
    dump_json(document)
    assert exact(EVERY_TEXT) == exact(document)


# Files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    assert write(path, "a: é\n")
    before = path.stat()
    assert not write(path, "a: é\n")
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert write(path, "b\r\n")
    assert path.read_bytes() == b"b\r\n"
    assert names(tmp_path) == ["x.yaml"]


def test_a_file_keeps_its_mode_and_a_new_one_is_not_private(tmp_path: Path) -> None:
    fresh, mine = tmp_path / "new", tmp_path / "old"
    (tmp_path / "usual").touch()
    mine.touch(mode=0o640)
    write(fresh, "a")
    write(mine, "a")
    assert stat.S_IMODE((tmp_path / "usual").stat().st_mode) == stat.S_IMODE(fresh.stat().st_mode)
    assert stat.S_IMODE(mine.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    write(tmp_path / "link", "a")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "a"


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "x.yaml"
    path.write_text("before")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DocumentError, match=r"x\.yaml: cannot be written: No space left on device"):
        write(path, "after")
    assert path.read_text() == "before"
    assert names(tmp_path) == ["x.yaml"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("absent/x.yaml", "a", "absent/x.yaml: cannot be written: No such file or directory"),
        ("", "a", "is not a regular file; name another output"),
        ("x.yaml", "\ud800", "x.yaml: holds half a surrogate pair"),
    ],
)
def test_an_unwritable_document_is_refused(
    name: str, text: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(DocumentError, match=reason):
        write(tmp_path / name, text)
    assert names(tmp_path) == []


def test_a_device_is_never_replaced() -> None:
    with pytest.raises(DocumentError, match="/dev/null: is not a regular file"):
        write(Path("/dev/null"), "a")


# Places


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ((), "$"),
        (("paths", "/a", "get", "tags", 0), "$.paths['/a'].get.tags[0]"),
        (("x-a", "$ref", "200", "é", "it's"), "$.x-a.$ref['200']['é'][\"it's\"]"),
    ],
)
def test_a_place_is_shown_as_a_path(location: tuple[str | int, ...], expected: str) -> None:
    assert expected == json_path(location)
