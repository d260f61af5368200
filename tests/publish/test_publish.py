"""The publication is complete, honest about its bytes, and asks nobody else for anything."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from scripts.bundle import ROOT, derive
from scripts.documents import DocumentError, load
from scripts.publish import PAGE, REDOC, publish

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    for source in ("openapi", "overrides/overlays", PAGE.parent, REDOC):
        shutil.copytree(ROOT / source, folder / source)
    return folder


@pytest.fixture(scope="module")
def site(root: Path) -> Path:
    return publish(root)[0]


class Page(HTMLParser):
    """Collects every address that a page names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.addresses += [named[key] or "" for key in ("src", "href") if key in named]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""


def test_the_folder_is_named_after_the_version_and_holds_every_file(site: Path) -> None:
    base: Any = derive("base")
    assert site.name == base["info"]["version"]
    assert {path.name for path in site.iterdir()} == {
        "SHA256SUMS",
        "index.html",
        "openapi.dereferenced.json",
        "openapi.json",
        "openapi.yaml",
        "redoc.standalone.js",
        "redoc.standalone.js.LICENSE.txt",
        "reference.js",
    }


def test_yaml_and_json_are_the_base_document(site: Path) -> None:
    assert load(site / "openapi.yaml") == load(site / "openapi.json") == derive("base")


def test_the_dereferenced_document_refers_to_nothing(site: Path) -> None:
    assert '"$ref"' not in (site / "openapi.dereferenced.json").read_text(encoding="utf-8")


def test_the_checksums_are_those_of_every_other_file(site: Path) -> None:
    lines = (site / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {name: checksum for checksum, name in (line.split("  ") for line in lines)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in site.iterdir()
        if path.name != "SHA256SUMS"
    }
    assert listed == found


def test_every_address_of_the_page_is_a_file_beside_it(site: Path) -> None:
    page = Page((site / "index.html").read_text(encoding="utf-8"))
    local = [address for address in page.addresses if not address.startswith("data:")]
    assert local
    assert [address for address in local if not (site / address).is_file()] == []


def test_the_policy_of_the_page_forbids_every_foreign_request(site: Path) -> None:
    policy = Page((site / "index.html").read_text(encoding="utf-8")).policy
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline", policy)


def test_the_reference_bundle_loads_nothing_from_elsewhere(site: Path) -> None:
    bundle = (site / "redoc.standalone.js").read_text(encoding="utf-8")
    loaded = re.findall(r"""(?:src|href|fetch\()\s*[:=]?\s*["'](https?://[^"']+)""", bundle)
    assert loaded == ["https://redocly.com/redoc/"]  # a link for people, not a request


def test_the_page_shows_where_a_property_comes_from_in_words(site: Path) -> None:
    script = (site / "reference.js").read_text(encoding="utf-8")
    drawn, _ = json.JSONDecoder().raw_decode(script.removeprefix("Redoc.init("))
    shown = drawn["components"]["schemas"]["SessionPage"]["properties"]["next_page"]
    assert shown["x-provenance"] == "unknown, seed:L221, Only null is shown."


def test_publishing_again_changes_nothing(root: Path, site: Path) -> None:
    assert publish(root) == (site, [])


def test_one_description_changes_the_documents_the_page_and_the_checksums(
    root: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "root"
    shutil.copytree(root, copy)
    path = copy / "openapi/openapi.yaml"
    path.write_text(path.read_text().replace("A name for people to read.", "A readable name."))
    _, changed = publish(copy)
    assert changed == [
        "SHA256SUMS",
        "openapi.dereferenced.json",
        "openapi.json",
        "openapi.yaml",
        "reference.js",
    ]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda bundle: shutil.rmtree(bundle.parent), "is not installed; run `make tools`"),
        (lambda bundle: bundle.write_text("other"), "does not load"),
    ],
)
def test_a_reference_bundle_that_is_not_what_it_was_stops_the_publication(
    root: Path, tmp_path: Path, spoil: Any, reason: str
) -> None:
    copy = tmp_path / "root"
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns("build"))
    spoil(copy / REDOC / "redoc.standalone.js")
    with pytest.raises(DocumentError, match=reason):
        publish(copy)
    assert not (copy / "build").exists()
