"""What changed in the documents from version to version, in the words of `heidi-spec diff`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.differences import Comparison, Source, compare
from heidi_spec_tools.differences.show import as_markdown

from scripts.steps.documents import derive
from scripts.steps.version import FOLDERS, Version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heidi_spec_tools.documents import Json

HEAD: Final = """\
# Changes of the documents

What differs between one version and the next, grouped by what it asks of a partner. Nobody writes
this page: it is what a comparison of the documents finds. What is under *strict* we decided;
the vendor does not say it.
"""
NONE: Final = "No version is released yet, so there is nothing to compare.\n"
FIRST: Final = "## {0}\n\nThe first version. There is no earlier one to compare it with.\n"
CURRENT: Final = "The documents published here are those of {0}; nothing changed since.\n"


def changes(root: Path, derived: Mapping[str, Json] | None = None) -> str:
    """Return the page as Markdown: what is not released yet, then each version, newest first.

    Args:
        root: the root of the repository.
        derived: its documents, if they are already derived.

    Raises:
        DocumentError: a source or a released document cannot be used.
    """
    versions = _versions(root)
    if not versions:
        return f"{HEAD}\n{NONE}"
    steps = [_released(root, *pair) for pair in itertools.pairwise(versions)]
    first, last = versions[0], versions[-1]
    current: Any = derived or {name: derive(name, root) for name in FOLDERS}
    parts = [HEAD, _unreleased(root, current, last), *reversed(steps), FIRST.format(first)]
    return "\n".join(parts)


def _versions(root: Path) -> list[Version]:
    paths = (root / FOLDERS["base"]).glob("*.yaml")
    return sorted(Version.parse(path.stem, str(path)) for path in paths)


def _unreleased(root: Path, documents: Mapping[str, Any], last: Version) -> str:
    """Say what changed since the last release."""
    found = {
        name: compare(_source(root, name, last), Source(documents[name], name)) for name in FOLDERS
    }
    current = str(documents["base"]["info"]["version"])
    if current == str(last) and not any(comparison.changes for comparison in found.values()):
        return CURRENT.format(last)
    title = f"Since {last}" if current == str(last) else f"{last} to {current}"
    return _section(found, f"{title}, not released yet")


def _released(root: Path, old: Version, new: Version) -> str:
    sources = {name: [_source(root, name, version) for version in (old, new)] for name in FOLDERS}
    return _section({name: compare(*pair) for name, pair in sources.items()}, f"{old} to {new}")


def _source(root: Path, name: str, version: Version) -> Source:
    return Source.read(root / FOLDERS[name] / f"{version}.yaml")


def _section(found: dict[str, Comparison], title: str) -> str:
    """Write the changes of the base document, and then those of only the strict one."""
    known = {(change.id, change.operation, change.message) for change in found["base"].changes}
    alone = tuple(
        change
        for change in found["strict"].changes
        if (change.id, change.operation, change.message) not in known
    )
    text = as_markdown(found["base"], title)
    return text + (f"\n{as_markdown(Comparison(alone), f'{title}, strict')}" if alone else "")
