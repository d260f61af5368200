"""The publication is complete, true to its sources, and the same bytes each time."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError, load
from heidi_spec_tools.overlay import apply_files

from scripts.library.semantics import VOCABULARY
from scripts.publication import reference
from scripts.publication.operations import operations
from scripts.steps import site as command
from scripts.steps.documents import DOCUMENTS, ROOT, derive
from scripts.steps.site import publish
from scripts.steps.version import freeze
from tests.publish.conftest import copy_sources
from tests.versions import WHEEL, set_version

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLISH = (
    "import sys, pathlib; from scripts.steps import site; site.publish(pathlib.Path(sys.argv[1]))"
)


@pytest.fixture
def root(published: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of the sources, for tests to break."""
    copy = tmp_path / "root"
    shutil.copytree(published[0], copy, ignore=shutil.ignore_patterns("build"))
    return copy


@pytest.fixture
def kept(published: tuple[Path, Path], root: Path) -> Path:
    """An earlier publication of the same version."""
    page = root / published[1].relative_to(published[0]) / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("as it was")
    return page


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_folder_is_named_after_the_version_and_holds_every_kind_of_file(site: Path) -> None:
    base: Any = derive("base")
    assert base["info"]["version"] == site.name
    forms = [f"{name}{plain}" for name in DOCUMENTS for plain in ("", ".plain")]
    suffixes = ("yaml", "json", "dereferenced.json")
    expected = {f"documents/{form}.{suffix}" for form in forms for suffix in suffixes}
    expected |= {f"overlays/{name}.yaml" for name in (*DOCUMENTS["strict"], "shown")}
    expected |= {
        "SHA256SUMS",
        "CHANGELOG.md",
        "documents/semantics.schema.yaml",
        "sbom.cdx.json",
        "404.html",
        "index.html",
        "index.html.md",
        "llms.txt",
        "collections/heidi-sessions.postman_collection.json",
        "collections/heidi-sessions.arazzo.yaml",
        "collections/heidi-sessions.http",
        "collections/http-client.env.json",
        "drivers/typescript.mts",
    }
    assert expected - contents(site).keys() == set()


def test_every_document_but_that_of_the_sessions_page_can_get_a_token(site: Path) -> None:
    for name in DOCUMENTS:
        document: Any = load(site / f"documents/{name}.json")
        found = operations(cast("dict[str, Any]", dereference(document)))
        assert (name != "base") == any(each.action == "issue" for each in found)


def test_the_published_vocabulary_is_the_one_that_documents_are_checked_with(site: Path) -> None:
    name = VOCABULARY.name
    assert VOCABULARY.read_bytes() == (site / "documents" / name).read_bytes()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_yaml_and_json_are_the_derived_document(site: Path, name: str) -> None:
    folder = site / "documents"
    assert derive(name) == load(folder / f"{name}.yaml") == load(folder / f"{name}.json")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_plain_document_is_the_same_without_provenance(site: Path, name: str) -> None:
    folder = site / "documents"
    plain: Any = load(folder / f"{name}.plain.yaml")
    assert plain == load(folder / f"{name}.plain.json")
    expected = stripped(derive(name))
    description = expected["info"].pop("description")
    assert description.startswith(plain["info"].pop("description"))
    assert expected == plain
    for path in folder.glob(f"{name}.plain.*"):
        assert "x-provenance" not in path.read_text(encoding="utf-8")


def stripped(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {key for key in node if key not in {"x-provenance", "x-derived-from"}}
        return {key: stripped(child) for key, child in node.items() if key in kept}
    return [stripped(child) for child in node] if isinstance(node, list) else node


def test_a_dereferenced_document_has_no_references(site: Path) -> None:
    paths = list((site / "documents").glob("*.dereferenced.json"))
    assert len(paths) == 2 * len(DOCUMENTS)
    assert [path.name for path in paths if '"$ref"' in path.read_text(encoding="utf-8")] == []


def test_the_published_overlays_make_the_strict_document_from_the_published_base(
    site: Path,
) -> None:
    overlays = [site / f"overlays/{name}.yaml" for name in (*DOCUMENTS["strict"], "shown")]
    for path in overlays:
        extends: Any = load(path)
        assert (path.parent / extends["extends"]).resolve() == site / "documents/base.yaml"
    made: Any = apply_files(site / "documents/base.yaml", overlays, strict_targets=True)
    strict: Any = load(site / "documents/strict.yaml")
    del made["x-derived-from"], strict["x-derived-from"]
    assert strict == made


def test_the_checksums_are_those_of_every_other_file(site: Path) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],  # noqa: S607
        cwd=site,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "", "") == (checked.returncode, checked.stdout, checked.stderr)
    lines = (site / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert sorted(contents(site).keys() - {"SHA256SUMS"}) == [line[66:] for line in lines]


@pytest.mark.slow
def test_publishing_again_changes_nothing(
    published: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, folder = published
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert (folder, []) == publish(root)


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [None, "1700000000"])
def test_the_bytes_are_the_same_in_another_folder_zone_mask_locale_and_hash_seed(
    tmp_path: Path, epoch: str | None
) -> None:
    made: list[dict[str, str]] = []
    for zone, mask, seed, language in (("UTC", 0o022, "1", "C"), ("Asia/Tokyo", 0o077, "2", "de")):
        root = copy_sources(tmp_path / f"{seed}/a folder")
        environment = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed, "LANG": language}
        if epoch:
            environment["SOURCE_DATE_EPOCH"] = epoch
        subprocess.run(
            [sys.executable, "-W", "error", "-c", PUBLISH, str(root)],
            cwd=ROOT,
            env=environment,
            umask=mask,
            check=True,
        )
        (folder,) = (root / "build/publish").iterdir()
        made.append(contents(folder))
    assert made[0] == made[1]


def test_the_one_date_is_the_one_that_the_environment_names(
    root: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    dated, _ = publish(root)
    before, after = contents(site), contents(dated)
    changed = {name for name in before if before[name] != after[name]}
    pages = {"downloads.html", "downloads.html.md"}
    assert {"SHA256SUMS", "sbom.cdx.json"} | pages == changed
    bill = json.loads((dated / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


def test_the_bill_of_materials_names_what_is_locked_with_hashes_and_licences(site: Path) -> None:
    bill = json.loads((site / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert ("CycloneDX", "1.5") == (bill["bomFormat"], bill["specVersion"])
    assert "timestamp" not in bill["metadata"]
    found = {component["name"]: component for component in bill["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    wanted = {re.split(r"[^\w-]", name)[0] for name in named} - {project["name"]}
    assert wanted - found.keys() == set()
    assert found.keys() & {"import-linter", "mypy", "ruff"} == set()
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    versions = {package["name"]: package["version"] for package in lock["package"]}
    assert {name: versions[name] for name in found} == {
        name: component["version"] for name, component in found.items()
    }
    assert found["attrs"]["licenses"] == [{"expression": "MIT"}]
    assert all(reference["hashes"] for reference in found["attrs"]["externalReferences"])
    without = [name for name, component in found.items() if "licenses" not in component]
    assert set(without) <= {"colorama", "httpx-aiohttp", "tzdata", "win32-setctime"}


def test_a_changed_description_changes_only_what_is_made_from_it(root: Path, site: Path) -> None:
    path = root / "openapi/openapi.yaml"
    path.write_text(path.read_text().replace("A name for people to read.", "A readable name."))
    before, after = contents(site), contents(publish(root)[0])
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    documents = {name for name in after if name.startswith("documents/")}
    data = {f"assets/{name}" for name in ("console-data.js", "reference-data.js", "search-data.js")}
    documents -= {"documents/semantics.schema.yaml"}
    pages = {"changes.html", "changes.html.md", "downloads.html", "downloads.html.md"}
    assert documents | data | pages | {"SHA256SUMS", "reference.html.md"} == changed


@pytest.mark.slow
def test_the_release_notes_are_the_changelog(root: Path, site: Path) -> None:
    path = root / "CHANGELOG.md"
    path.write_text(path.read_text() + "\n## 9.9.9\n\n- Something **new**.\n")
    folder, changed = publish(root)
    expected = ["CHANGELOG.md", "SHA256SUMS", "assets/search-data.js", "changelog.html"]
    expected += ["changelog.html.md", "downloads.html", "downloads.html.md"]
    assert sorted(expected) == sorted(
        name for name in changed if contents(site).get(name) != contents(folder)[name]
    )
    assert "<strong>new</strong>" in (folder / "changelog.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_nothing_is_unreleased_on_a_release(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- New.\n")
    names = ("CHANGELOG.md", "changelog.html", "changelog.html.md", "assets/search-data.js")

    def unreleased() -> list[str]:
        folder, _ = publish(root)
        return [name for name in names if "Unreleased" in (folder / name).read_text()]

    set_version(root, "9.9.8")
    assert [*names] == unreleased()
    freeze(root)
    assert [] == unreleased()
    assert "## 9.9.8\n" in (root / "build/publish/9.9.8/CHANGELOG.md").read_text()


@pytest.mark.slow
def test_the_wheel_is_among_the_downloads_where_it_was_built(root: Path, site: Path) -> None:
    without, first = (
        (site / name).read_text(encoding="utf-8") for name in ("downloads.html", "index.html")
    )
    assert "Not built for this publication: <code>make dist</code>" in without
    wheel = f"{Path(WHEEL).name}"
    (root / "dist").mkdir()
    for name in (wheel, "heidi_sessions-0.0.1-py3-none-any.whl"):
        (root / "dist" / name).write_bytes(b"\x00\xff")
    folder, _ = publish(root)
    assert [wheel] == [path.name for path in (folder / "package").iterdir()]
    assert b"\x00\xff" == (folder / "package" / wheel).read_bytes()
    for page in ("downloads.html", "downloads.html.md"):
        text = (folder / page).read_text(encoding="utf-8")
        assert f"package/{wheel}" in text
        assert "Not built" not in text
    assert 'href="downloads.html#python-package">the wheel' in first
    assert f'href="package/{wheel}">the wheel' in (folder / "index.html").read_text("utf-8")


@pytest.mark.slow
def test_a_new_guide_is_in_its_place_among_the_others(root: Path) -> None:
    guides = root / "openapi/guides"
    text = "# {} guide\n\nFirst. Second, with [a link](client.md#errors).\n"
    for name in ("sandbox", "another"):
        (guides / f"{name}.md").write_text(text.format(name))
    page = (publish(root)[0] / "sandbox.html").read_text(encoding="utf-8")
    (beside,) = re.findall(r'<nav class="side".*?</nav>', page, re.DOTALL)
    listed = re.findall(r'href="([\w-]+)\.html"', beside)
    first = ["getting-started", "authentication", "pagination", "errors", "client", "sandbox"]
    assert [
        *first,
        "integration",
        "documents",
        "portability",
        "workflows",
        "judging",
        "scorecards",
        "coverage",
        "another",
    ] == listed
    assert '<meta name="description" content="First.">' in page
    assert '<a href="client.html#errors">a link</a>' in page


def append(path: str, text: str) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        with (root / path).open("a", encoding="utf-8") as file:
            file.write(text)

    return spoil


def put(path: object, text: str) -> Callable[[Path], object]:
    return lambda root: (root / str(path)).write_text(text, encoding="utf-8")


def replace(path: str, old: str, new: str) -> Callable[[Path], object]:
    def change(root: Path) -> object:
        text = (root / path).read_text()
        assert old in text
        return (root / path).write_text(text.replace(old, new))

    return change


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bundle that is not installed": (
        lambda root: (root / reference.REDOC).unlink(),
        "redoc.standalone.js: is not installed; run `make tools`",
    ),
    "a bundle that is not what it was": (
        put(reference.REDOC, "other"),
        "does not hold https://cdn",
    ),
    "a guide without a title": (put("openapi/guides/errors.md", "Text."), "has no title"),
    "a guide that is empty": (put("openapi/guides/errors.md", ""), "has no title"),
    "a link that leads nowhere": (
        append("openapi/guides/errors.md", "[x](nowhere.md)"),
        "errors.md: the link nowhere.md leads to no page; fix it",
    ),
    "an overlay that extends something else": (
        replace("overrides/overlays/semantics.yaml", "extends: ../../", "extends: "),
        "semantics.yaml: must say `extends: ",
    ),
    "an invalid document": (put("openapi/openapi.yaml", "- 1"), ""),
    "a document with half a line": (append("openapi/openapi.yaml", "\n: ["), "openapi.yaml:"),
    "an invalid lock file": (put("uv.lock", "?"), "uv.lock: uv cannot export it"),
    "a missing changelog": (lambda root: (root / "CHANGELOG.md").unlink(), "CHANGELOG"),
    "a template with a mistake": (
        put("scripts/site/page.html", "{{ page.nothing }}"),
        "page.html: ",
    ),
    "a page that is not UTF-8": (
        lambda root: (root / "openapi/guides/errors.md").write_bytes(b"# \xff"),
        "errors.md: not UTF-8",
    ),
    "a version that leaves the folder": (
        lambda root: set_version(root, "../up"),
        "info.version: '../up' cannot name a folder",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", SPOILT)
@pytest.mark.usefixtures("kept")
def test_an_unusable_source_is_one_line_and_does_not_change_the_publication(
    root: Path,
    what: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil, reason = SPOILT[what]
    spoil(root)
    monkeypatch.setattr(command, "publish", lambda: publish(root))
    assert command.main([]) == 2
    said = capsys.readouterr()
    assert "" == said.out
    assert 1 == said.err.count("\n")
    assert reason in said.err
    assert ["as it was"] == [
        path.read_text() for path in (root / "build").rglob("*.*") if path.is_file()
    ]


def test_an_invalid_date_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(
        DocumentError, match="SOURCE_DATE_EPOCH: 'today' is not a number of seconds"
    ):
        publish(root)
    assert not (root / "build").exists()


@pytest.mark.slow
def test_an_interruption_does_not_change_the_publication(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reference, "bundles", interrupt)
    monkeypatch.setattr(command, "publish", lambda: publish(root))
    assert 130 == command.main([])
    assert "publish: interrupted; what was published stays\n" == capsys.readouterr().err
    assert [kept] == [path for path in (root / "build").rglob("*") if path.is_file()]
