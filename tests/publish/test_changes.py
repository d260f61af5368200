"""What changed from version to version is on the site, in the words of the comparison."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from heidi_spec_tools.differences import Source, compare
from heidi_spec_tools.differences.show import as_markdown
from heidi_spec_tools.documents import DocumentError

from scripts.publication.changes import changes
from scripts.steps.documents import OVERLAYS, SPEC
from scripts.steps.site import publish
from scripts.steps.version import RELEASES, freeze
from tests.owner.subject import PAGE, enumeration, values_of
from tests.publish.conftest import copy_sources
from tests.versions import release_first, set_version

if TYPE_CHECKING:
    from pathlib import Path

STRICT = OVERLAYS / "strict.yaml"
ENUM, PLACE = enumeration()
AT_ENUM = PLACE.rpartition("/")[2]
VALUE = values_of(ENUM)[-1]
FIRST = "## 0.1.0\n\nThe first version. There is no earlier one to compare it with.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the sources, released as version 0.1.0."""
    root = copy_sources(tmp_path)
    release_first(root, "0.1.0")
    return root


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def release_second(root: Path) -> None:
    """Release a version with another enum value, and a smaller page in the strict document."""
    set_version(root, "0.2.0")
    edit(root / SPEC, VALUE, "DIVERSE")
    edit(root / STRICT, "maximum: 100", "maximum: 50")
    freeze(root)


def in_the_words_of_the_comparison(root: Path) -> str:
    old, new = (Source.read(root / RELEASES / f"{name}.yaml") for name in ("0.1.0", "0.2.0"))
    text = as_markdown(compare(old, new), "0.1.0 to 0.2.0").rstrip("\n")
    assert "### You must change\n" in text
    assert AT_ENUM in text
    return text


def sections(text: str) -> list[str]:
    """Split a page at its second headings; the first part is what is above them."""
    return re.split(r"^(?=## )", text, flags=re.MULTILINE)


def test_the_page_says_that_the_first_version_has_no_earlier_one(root: Path) -> None:
    head, first = sections(changes(root))
    assert "The documents published here are those of 0.1.0; nothing changed since.\n" in head
    assert FIRST == first


@pytest.mark.slow
def test_a_release_keeps_what_the_judge_covered(root: Path) -> None:
    covered = root / "openapi/guides/coverage.md"
    then = covered.read_text(encoding="utf-8")
    release_second(root)
    covered.write_text("another table\n", encoding="utf-8")
    freeze(root)
    assert then == (root / RELEASES / "coverage/0.2.0.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_each_version_is_compared_with_the_previous_one_and_the_newest_comes_first(
    root: Path,
) -> None:
    release_second(root)
    set_version(root, "0.2.1")
    edit(root / SPEC, "A name for people to read.", "A readable name.")
    _, unreleased, second, alone, first = sections(changes(root))
    assert unreleased.startswith("## 0.2.0 to 0.2.1, not released yet\n\n### Nothing to do\n")
    assert in_the_words_of_the_comparison(root) == second.rstrip("\n")
    assert alone.startswith("## 0.1.0 to 0.2.0, strict\n\n### You must change\n")
    assert PAGE["size"] in alone
    assert AT_ENUM not in alone  # which is already said above
    assert FIRST == first


def test_versions_are_numbers_and_0_10_comes_after_0_9(root: Path) -> None:
    folder = root / RELEASES
    for name in ("0.9.0", "0.10.0"):
        for place in (folder, folder / "strict"):
            (place / f"{name}.yaml").write_bytes((place / "0.1.0.yaml").read_bytes())
    titles = [section.partition("\n")[0] for section in sections(changes(root))[2:]]
    assert ["## 0.9.0 to 0.10.0", "## 0.1.0 to 0.9.0", "## 0.1.0"] == titles


def test_changes_without_a_new_version_are_not_released_yet(root: Path) -> None:
    edit(root / SPEC, "A name for people to read.", "A readable name.")
    _, unreleased, _ = sections(changes(root))
    assert unreleased.startswith("## Since 0.1.0, not released yet\n\n### Nothing to do\n")


def test_without_a_release_the_page_says_so(root: Path) -> None:
    (root / RELEASES / "0.1.0.yaml").unlink()
    assert changes(root).endswith("No version is released yet, so there is nothing to compare.\n")


@pytest.mark.parametrize("name", ["0.1.0.yaml", "strict/0.1.0.yaml"])
def test_a_release_that_cannot_be_compared_is_named(root: Path, name: str) -> None:
    edit(root / RELEASES / name, "openapi: '3.1.", "openapi: '3.0.")
    with pytest.raises(DocumentError, match=f"{name}: .* convert it to OpenAPI 3.1"):
        changes(root)


def test_a_version_without_one_of_its_documents_is_named(root: Path) -> None:
    (root / RELEASES / "strict/0.1.0.yaml").unlink()
    with pytest.raises(DocumentError, match=r"strict/0\.1\.0\.yaml: "):
        changes(root)


@pytest.mark.slow
def test_an_invalid_version_is_named(root: Path) -> None:
    (root / RELEASES / "newest.yaml").write_text("", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"newest\.yaml: newest is not a version"):
        publish(root)
    assert not (root / "build").exists()


@pytest.mark.slow
def test_the_page_is_beside_the_changelog(root: Path) -> None:
    release_second(root)
    folder, _ = publish(root)
    page = (folder / "changes.html").read_text(encoding="utf-8")
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    for line in in_the_words_of_the_comparison(root).splitlines():
        assert re.sub(r"^#+ |^- |`", "", line) in text
    for name in ("changes", "changelog"):
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        (beside,) = re.findall(
            r'<nav class="side" aria-label="Changelog">.*?</nav>', page, re.DOTALL
        )
        assert ["changelog.html", "changes.html"] == re.findall(r'href="([^"]+)"', beside)
        assert f'href="{name}.html" aria-current="page"' in beside
