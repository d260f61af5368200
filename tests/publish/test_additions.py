"""Additions to the document are in collections, tables and reference with no other edit."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.documents import DocumentError

from scripts.publication.documents import overlays
from scripts.publication.tables import GUIDES, filled, main, refresh, stale, tables
from scripts.steps.documents import ROOT
from scripts.steps.site import publish
from tests.publish.additions import add_to
from tests.publish.conftest import copy_sources

if TYPE_CHECKING:
    from pathlib import Path

ADDED = "burnLetter editLetter listLetters readLetter sendLetter writeLetter".split()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_sources(tmp_path_factory.mktemp("added"))
    add_to(root)
    return root


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return publish(root)[0]


@pytest.fixture(scope="module")
def items(folder: Path) -> list[Any]:
    """The requests of the Postman collection, in their order."""
    (path,) = folder.glob("collections/*.postman_collection.json")
    folders = json.loads(path.read_text(encoding="utf-8"))["item"]
    return [item for each in folders for item in each["item"]]


def requests(items: list[Any], words: str) -> list[str]:
    """Return method and address of the requests whose name starts so."""
    sent = [item["request"] for item in items if item["name"].startswith(words)]
    return [f"{each['method']} {each['url']['raw'].removeprefix('{{baseUrl}}')}" for each in sent]


@pytest.mark.slow
def test_the_collection_creates_reads_updates_lists_and_deletes_the_second_resource(
    items: list[Any],
) -> None:
    names = [item["name"] for item in items]
    mains = [name for name in names if name.removesuffix(" works") in ADDED]
    assert [
        f"{name} works"
        for name in "writeLetter readLetter editLetter listLetters sendLetter burnLetter".split()
    ] == mains
    assert ["POST /letters"] * 2 == requests(items, "writeLetter works")[:2]
    assert "GET /letters/{{letterId}}" == requests(items, "readLetter works")[0]
    assert "PATCH /letters/{{letterId}}" == requests(items, "editLetter works")[0]
    assert "POST /letters/{{letterId}}/sendings" == requests(items, "sendLetter works")[0]
    assert "GET /letters" == requests(items, "listLetters works")[0]
    first, following = requests(items, "listLetters works, ")
    assert "GET /letters?limit=1" == first
    assert re.fullmatch(r"GET /letters\?limit=1&after=\{\{\w+\}\}", following)
    assert names[-1] == "burnLetter works"


def test_a_property_that_no_sample_shows_has_its_own_request(items: list[Any]) -> None:
    bodies = {item["name"]: item["request"].get("body", {}).get("raw", "") for item in items}
    assert {"text": "Dear colleague"} == json.loads(bodies["editLetter works"])
    whole = json.loads(bodies["editLetter works, every property"])
    expected = {"text": "Dear colleague", "copies": 2, "seal": "AA-0", "to": {"ward": "text"}}
    assert expected == whole
    assert "writeLetter works, every property" in bodies


def test_a_query_parameter_that_no_sample_shows_is_included_but_disabled(
    items: list[Any], folder: Path
) -> None:
    (listed,) = (item for item in items if item["name"] == "listLetters works")
    optional = {each["key"]: each["value"] for each in listed["request"]["url"]["query"]}
    assert {"limit": "1", "since": "1990-01-31"} == optional
    assert all(each["disabled"] for each in listed["request"]["url"]["query"])
    (file,) = folder.glob("collections/*.http")
    text = file.read_text(encoding="utf-8")
    assert "# The query may also have limit=1&since=1990-01-31\nGET {{baseUrl}}/letters\n" in text


def test_ids_and_tokens_of_pages_are_kept_from_the_responses(items: list[Any]) -> None:
    scripts = {item["name"]: "\n".join(item["event"][0]["script"]["exec"]) for item in items}
    assert '"letterId", pm.response.json().letter_id' in scripts["writeLetter works"]
    (listed,) = (text for name, text in scripts.items() if name == "listLetters works, first page")
    assert "pm.response.json().cursor" in listed
    assert "pm.response.json()" not in scripts["burnLetter works"]  # 204 has no body
    assert "to.have.status(201)" in scripts["writeLetter works"]


def test_the_new_error_is_shown_where_it_is_documented(items: list[Any], folder: Path) -> None:
    (edited,) = (item for item in items if item["name"] == "editLetter works")
    saved = {response["name"]: response["body"] for response in edited["response"]}
    assert "LetterInUseError" in saved["409 LetterInUseError"]
    (file,) = folder.glob("collections/*.http")
    shown = file.read_text(encoding="utf-8")
    assert "\n# 409 LetterInUseError Another user changes the letter.\n" in shown


def test_both_collections_hold_the_same_requests(items: list[Any], folder: Path) -> None:
    (file,) = folder.glob("collections/*.http")
    titles = re.findall(r"^### \w+: (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert [item["name"] for item in items] == titles


def test_the_errors_of_new_operations_are_provoked(items: list[Any]) -> None:
    failing = {item["name"].removeprefix("editLetter works: ") for item in items}
    assert {"no token", "unknown id", "malformed JSON", "invalid text"} <= failing


def test_reference_console_and_search_show_every_operation(folder: Path) -> None:
    for name in ("reference-data.js", "console-data.js", "search-data.js"):
        text = (folder / "assets" / name).read_text(encoding="utf-8")
        assert [] == [each for each in ADDED if each not in text]


def test_the_tables_name_operations_errors_and_pages(root: Path) -> None:
    known = tables(root)
    assert [] == [name for name in ADDED if f"| `{name}` |" not in known["operations"]]
    row = "| 409 | `LetterInUseError` | Another user changes the letter. | `editLetter` |"
    assert f"{row} `LetterInUseError` |" in known["errors"]
    assert "`GET /letters`:\n" in known["pages"]
    assert "| `limit` | query | At most 7. |" in known["pages"]
    assert "| `cursor` | response | The next page. |" in known["pages"]


def test_the_guides_follow_and_are_published(root: Path, folder: Path) -> None:
    page = (folder / "errors.html").read_text(encoding="utf-8")
    assert "LetterInUseError" in page.replace("<wbr>", "")
    expected = ["errors.md", "getting-started.md", "pagination.md", "workflows.md"]
    assert expected == sorted(path.name for path in stale(root))
    assert expected == refresh(root)
    assert "LetterInUseError" in (root / GUIDES / "errors.md").read_text(encoding="utf-8")
    assert {} == stale(root)


def test_the_committed_tables_are_those_of_the_document() -> None:
    assert 0 == main(["--check"])


def test_a_table_that_differs_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = {ROOT / GUIDES / "errors.md": ""}
    monkeypatch.setattr("scripts.publication.tables.stale", lambda: changed)
    assert 1 == main(["--check"])
    said = capsys.readouterr().out
    assert "openapi/guides/errors.md: a table differs; run `make generate`\n" == said


def test_a_table_that_does_not_exist_is_named() -> None:
    text = "<!-- table: colours -->\n<!-- /table -->\n"
    with pytest.raises(DocumentError, match="no table colours; name one of errors, operations"):
        filled(text, tables(), "errors.md")


def test_the_overlay_is_empty_if_no_update_shows_more(tmp_path: Path) -> None:
    root = copy_sources(tmp_path)
    assert "overlays/shown.yaml" in overlays(root)
    path = root / "overrides/overlays/strict.yaml"
    text = path.read_text(encoding="utf-8")
    head, last = text.rsplit("  - target: ", 1)
    assert "shows_updates" in last
    path.write_text(head, encoding="utf-8")
    assert "overlays/shown.yaml" not in overlays(root)
