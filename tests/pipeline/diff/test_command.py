"""The command line: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.__main__ import main as compare
from heidi_spec_tools.differences.show import as_markdown, show
from heidi_spec_tools.documents import DocumentError, dump_json
from rich.console import Console

from scripts.steps.documents import ROOT
from scripts.steps.version import main as gate
from tests.pipeline.diff.samples import compared, document, holding, kinds
from tests.pipeline.diff.test_documents import PETS, patched

if TYPE_CHECKING:
    from pathlib import Path

    from heidi_spec_tools.differences import Comparison

BREAKING = {"/paths/~1pets/get/parameters/0/required": True, "/info/version": "2.0.0"}
NEW = {"/paths/~1pets/get/parameters/1": {"name": "page", "in": "query", "schema": {}}}
WORDS = {"/paths/~1pets/get/summary": "Find pets."}
UNCLEAR = {"/paths/~1pets/get/parameters/0/schema/nullable": True}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Compare the sample document with a patched one; returns exit code and output."""

    def run(patch: dict[str, Any], *arguments: str) -> tuple[int, str]:
        paths = [tmp_path / "old.json", tmp_path / "new.json"]
        for path, content in zip(paths, (PETS, patched(patch)), strict=True):
            path.write_text(dump_json(content), encoding="utf-8")
        code = compare(["diff", *map(str, paths), *arguments])
        return code, capsys.readouterr().out

    return run


def test_json_has_the_agreed_form(run: Any) -> None:
    code, output = run(BREAKING, "--format", "json")
    assert 0 == code
    assert json.loads(output) == {
        "breaking": True,
        "bump": "major",
        "changes": [
            {
                "id": "parameter-required",
                "level": "breaking",
                "operations": ["GET /pets"],
                "path": "#/paths/~1pets/get/parameters/0",
                "message": "Always send the query parameter `limit`; it could be left out.",
                "witness": {"valid": "before", "value": {"request": "GET /pets"}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("patch", "bump", "breaking"),
    [
        ({}, "none", False),
        (WORDS, "patch", False),
        (NEW, "minor", False),
        (UNCLEAR, "major", True),
        (BREAKING, "major", True),
    ],
)
def test_the_gravest_change_decides_the_bump(
    run: Any, patch: dict[str, Any], bump: str, breaking: bool
) -> None:
    result = json.loads(run(patch, "--format", "json")[1])
    assert [bump, breaking] == [result["bump"], result["breaking"]]


@pytest.mark.parametrize(
    ("level", "failing"),
    [
        ("breaking", [BREAKING, UNCLEAR]),
        ("minor", [BREAKING, UNCLEAR, NEW]),
        ("patch", [BREAKING, UNCLEAR, NEW, WORDS]),
    ],
)
def test_fail_on_ends_with_1_from_its_level_on(run: Any, level: str, failing: Any) -> None:
    for patch in ({}, WORDS, NEW, UNCLEAR, BREAKING):
        assert int(patch in failing) == run(patch, "--fail-on", level)[0]


def test_markdown_is_grouped_by_what_a_partner_must_do(run: Any) -> None:
    _, output = run({**BREAKING, **NEW, **WORDS, **UNCLEAR}, "--format", "markdown")
    assert output.splitlines() == [
        "## 1.0.0 to 2.0.0",
        "",
        "### You must change",
        "",
        "- `GET /pets`: Always send the query parameter `limit`; it could be left out.",
        "",
        "### You must check",
        "",
        (
            "- `GET /pets`: Check the query parameter `limit`: `nullable` changed, which is not"
            " compared."
        ),
        "",
        "### You may use",
        "",
        "- `GET /pets`: You may send the query parameter `page`.",
        "",
        "### Nothing to do",
        "",
        "- `GET /pets`: `summary` of `GET /pets` reads differently.",
    ]


def test_text_outside_a_terminal_is_a_line_a_sentence_without_color(run: Any) -> None:
    _, output = run({**BREAKING, **NEW})
    assert output.splitlines() == [
        "GET /pets",
        "  breaking   Always send the query parameter `limit`; it could be left out.",
        "             parameter-required  #/paths/~1pets/get/parameters/0",
        '             valid before, not after: {"request": "GET /pets"}',
        "  minor      You may send the query parameter `page`.",
        "             parameter-added  #/paths/~1pets/get/parameters/1",
        "",
        "1 breaking, 1 minor; bump: major",
    ]


def test_text_on_a_terminal_is_colored_and_wrapped() -> None:
    file = StringIO()
    console = Console(
        file=file,
        force_terminal=True,
        color_system="standard",
        width=50,
        no_color=False,
        _environ={},  # a dumb terminal has a width of its own
    )
    show(compared(PETS, patched(BREAKING)), console)
    text = file.getvalue()
    assert "\x1b[31m  breaking" in text
    assert "\n             `limit`; it could be left out.\n" in text


def test_a_change_of_many_operations_is_said_once(run: Any) -> None:
    _, output = run({"/security": [{"token": []}], "/paths/~1pets/post/security": [{"token": []}]})
    assert 3 == output.count("Prove who you are")
    limit = PETS["paths"]["/pets"]["get"]["responses"]["404"]
    _, output = run(
        {"/paths/~1pets~1{id}/get/responses/404": limit, "/paths/~1pets/post/responses/404": limit}
    )
    assert 1 == output.count("The response 404 is described now")
    assert "POST /pets, GET /pets/{id}\n" in output


def tagged(statuses: range, **tag: Any) -> dict[str, Any]:
    """Make a document with one schema in several responses of one operation."""
    result = patched({})
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    responses = {str(status): {"description": "A.", "content": content} for status in statuses}
    result["paths"]["/pets/{id}"]["get"]["responses"] = responses
    members = {"tag": {"type": "string", **tag}}
    result["components"]["schemas"] = {"Pet": {"type": "object", "properties": members}}
    return result


@pytest.mark.parametrize("form", ["text", "markdown"])
@pytest.mark.parametrize(("statuses", "told"), [(range(200, 204), 4), (range(200, 205), 1)])
def test_a_schema_in_many_places_is_said_once(statuses: range, told: int, form: str) -> None:
    output = shown(compared(tagged(statuses), tagged(statuses, format="uuid")), form)
    assert told == output.count("in the format `uuid`")
    assert (told == 1) == ("The same holds at 4 other places." in output)


def test_two_changes_of_one_schema_in_many_places_are_two_sentences() -> None:
    statuses = range(200, 205)
    new = tagged(statuses, format="uuid", title="Tag", description="A tag.")
    output = shown(compared(tagged(statuses), new), "text")
    assert 3 == output.count("The same holds at 4 other places.")


def shown(comparison: Comparison, form: str) -> str:
    """Return what is printed where no terminal is."""
    if form == "markdown":
        return as_markdown(comparison, "")
    file = StringIO()
    show(comparison, Console(file=file, highlight=False))
    return file.getvalue()


def test_a_heading_outside_a_terminal_is_one_line() -> None:
    old, new = patched({}), patched({})
    response = {"description": "Too much."}
    for document_ in (old, new):
        for n in range(3):
            operation = {"responses": {"200": response}}
            document_["paths"][f"/{'a' * 70}-{n}"] = {"get": operation}
    for n in range(3):
        new["paths"][f"/{'a' * 70}-{n}"]["get"]["responses"]["429"] = response
    first, *_ = shown(compared(old, new), "text").splitlines()
    assert ", ".join(f"GET /{'a' * 70}-{n}" for n in range(3)) == first


def test_equal_documents_are_reported_as_unchanged(run: Any) -> None:
    assert (0, "no change\n") == run({})


BAD = {
    "a missing file": (None, "old.yaml: cannot be read: No such file or directory"),
    "no YAML": ("a: [", "old.yaml:2:1: not YAML"),
    "a list": ("[]", "old.yaml: $: is not an object; name an OpenAPI 3.1 document"),
    "another kind of document": ("a: 1", "old.yaml: $: has no `openapi`"),
    "Swagger": ("swagger: '2.0'", "old.yaml: $.swagger: is Swagger 2.0; convert it"),
    "OpenAPI 3.0": ("openapi: 3.0.3", "old.yaml: $.openapi: is OpenAPI 3.0.3; convert it"),
    "a key twice": (
        "openapi: 3.1.0\nopenapi: 3.1.0",
        "old.yaml:2:1: duplicate key 'openapi'",
    ),
    "a reference that does not exist": (
        "openapi: 3.1.0\npaths: {/a: {$ref: '#/components/pathItems/A'}}",
        "old.yaml: $.paths['/a'].$ref: #/components/pathItems/A does not exist; fix it",
    ),
    "a reference out of the document": (
        "openapi: 3.1.0\npaths: {/a: {$ref: 'a.yaml'}}",
        "old.yaml: $.paths['/a'].$ref: a.yaml leads out of the document; copy in what it names",
    ),
    "a reference to an anchor that is not there": (
        "openapi: 3.1.0\npaths: {/a: {$ref: '#a'}}",
        "old.yaml: $.paths['/a'].$ref: #a names no anchor, or several; write a JSON pointer",
    ),
    "a reference to no object": (
        "openapi: 3.1.0\npaths: {/a: {$ref: '#/openapi'}}",
        "old.yaml: $.paths['/a'].$ref: #/openapi leads to no object; fix it",
    ),
    "a circle of references": (
        (
            "openapi: 3.1.0\ncomponents: {schemas: {A: {$ref: '#/components/schemas/B'},"
            " B: {$ref: '#/components/schemas/A'}}}"
        ),
        "old.yaml: $.components.schemas.A.$ref: #/components/schemas/B leads to itself; break",
    ),
    "a schema made of itself": (
        (
            "openapi: 3.1.0\ncomponents: {schemas: {A: {allOf: [{$ref: '#/components/schemas/A'}]}}"
            "}\npaths: {/a: {get: {responses: {'200': {description: A., content: {a/b: {schema:"
            " {$ref: '#/components/schemas/A'}}}}}}}}"
        ),
        "old.yaml: $.components.schemas.A: is made of itself; break the cycle",
    ),
    "a member of another form": (
        "openapi: 3.1.0\ncomponents: {schemas: {A: {maxLength: many}}}",
        "old.yaml: $.components.schemas.A.maxLength: must be a number of at least 0; fix it",
    ),
    "a version without its third number": (
        "openapi: 3.1",
        "old.yaml: $.openapi: is OpenAPI 3.1; write 3.1.0",
    ),
    "a reference that is not a string": (
        "openapi: 3.1.0\npaths: {/a: {get: {parameters: [{$ref: 5}]}}}",
        "old.yaml: $.paths['/a'].get.parameters[0].$ref: must be a string; fix it",
    ),
    "a parameter without a name": (
        "openapi: 3.1.0\npaths: {/a: {get: {parameters: [{in: query}]}}}",
        "old.yaml: $.paths['/a'].get.parameters[0].name: is missing; add it",
    ),
    "text that is not UTF-8": (b"openapi: \xff", "old.yaml:1:10: not UTF-8; save as UTF-8"),
    "nothing": ("", "old.yaml: is empty; write a document in it"),
    "more than one document": (
        "openapi: 3.1.0\n---\nopenapi: 3.1.0",
        "old.yaml:2:1: a second document starts; put it in a file of its own",
    ),
    "nesting without end": (
        "[" * 9000,
        "old.yaml:1:5002: nests deeper than 5000 levels; flatten it",
    ),
    "a path that is not an object": (
        "openapi: 3.1.0\npaths: {/a: 1}",
        "old.yaml: $.paths['/a']: must be",
    ),
}


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("turned", [False, True], ids=["old", "new"])
def test_what_cannot_be_compared_ends_in_one_line_and_2(
    text: str | bytes | None,
    expected: str,
    turned: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "old.yaml").write_bytes(content)
    good = document(paths={"/a": {"get": {"responses": OTHER}}})
    (tmp_path / "new.yaml").write_text(dump_json(good), encoding="utf-8")
    paths = ["old.yaml", "new.yaml"]
    assert 2 == compare(["diff", *(paths[::-1] if turned else paths)])
    output = capsys.readouterr()
    assert "" == output.out
    assert output.err.startswith(expected)
    assert 1 == output.err.count("\n")


OTHER = {"200": {"description": "A.", "content": {"a/b": {"schema": {"type": "object"}}}}}


def test_a_member_made_of_itself_is_named_where_alternatives_are_told_apart_by_it() -> None:
    loop = {"allOf": [{"$ref": "#/components/schemas/Loop"}]}
    alternatives = [
        {
            "type": "object",
            "required": ["k"],
            "properties": {"k": {"$ref": loop["allOf"][0]["$ref"]}},
        },
        {"type": "object", "required": ["k"], "properties": {"k": {"const": "a"}}},
    ]
    old, new = (holding({kind: alternatives}, sent=True) for kind in ("oneOf", "anyOf"))
    for whole in (old, new):
        whole["components"]["schemas"]["Loop"] = loop
    old["components"]["schemas"]["Loop"] = {**loop, "title": "Old"}
    with pytest.raises(DocumentError, match=r"Loop.*is made of itself; break the cycle"):
        compared(old, new)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (
            {"minimum": 1},
            "You may send a number down to 1 in `it` in the request body; the least was 3.",
        ),
        (
            {},
            (
                "You may send a number without a lower limit in `it` in the request body;"
                " the least was 3."
            ),
        ),
        ({"minimum": 4}, "Send a number of at least 4 in `it` in the request body; 3 was enough."),
    ],
)
def test_a_sentence_says_how_far_values_may_go(new: dict[str, Any], expected: str) -> None:
    pair = (holding({"type": "number", **rest}, sent=True) for rest in ({"minimum": 3}, new))
    assert [expected] == [change.message for change in compared(*pair).changes]


def test_a_sentence_names_all_scopes() -> None:
    flow = "/components/securitySchemes/oauth/flows/clientCredentials/scopes"
    new = patched({flow: {"read": "Read.", "write": "Write.", "b": "B.", "a": "A."}})
    assert ['`oauth` offers the scopes "a" and "b".'] == [
        change.message for change in compared(PETS, new).changes
    ]


def chain(length: int, last: str) -> dict[str, Any]:
    """Make a document with schemas in a row, each made of the next one."""
    names = [f"A{n}" for n in range(length + 1)]
    schemas: dict[str, Any] = {
        name: {"allOf": [{"$ref": f"#/components/schemas/{below}"}], "title": name}
        for name, below in pairwise(names)
    }
    content = {"a/b": {"schema": {"$ref": "#/components/schemas/A0"}}}
    return document(
        paths={"/a": {"get": {"responses": {"200": {"description": "A.", "content": content}}}}},
        components={"schemas": {**schemas, names[-1]: {"type": last}}},
    )


@pytest.mark.slow
@pytest.mark.parametrize("length", [50, 2000])
def test_references_may_follow_each_other_for_long(length: int) -> None:
    assert ["type-changed"] == kinds(compared(chain(length, "string"), chain(length, "integer")))


def test_recursive_schemas_are_not_a_cycle(run: Any) -> None:
    tree = {"type": "object", "properties": {"below": {"$ref": "#/components/schemas/Tree"}}}
    patch = {
        "/components/schemas": {"Tree": tree},
        "/paths/~1pets/post/requestBody/content/application~1json/schema": {
            "$ref": "#/components/schemas/Tree"
        },
    }
    assert "member-added" in run(patch)[1]


@pytest.mark.parametrize(
    ("main", "arguments", "reason"),
    [
        (compare, [], "COMMAND"),
        (compare, ["diff", "a.yaml"], "required: NEW"),
        (compare, ["diff", "a.yaml", "b.yaml", "c.yaml"], "c.yaml"),
        (gate, ["--gate"], "unrecognized arguments: --gate"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    main: Any, arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert 2 == ended.value.code
    assert reason in capsys.readouterr().err


def test_the_gate_runs_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.steps.version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("base ")
