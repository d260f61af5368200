"""The documents in every form for partners, and the overlays between them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, cast

from heidi_spec_tools.dereference import dereference
from heidi_spec_tools.documents import DocumentError, Json, dump_json, dump_yaml
from heidi_spec_tools.overlay import apply

from scripts.library.semantics import VOCABULARY, shown_updates
from scripts.publication.markers import NAME, markers
from scripts.publication.provenance import KEY
from scripts.steps.documents import OVERLAYS, ROOT, SPEC, history

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VOCABULARY_NAME: Final = f"documents/{VOCABULARY.name}"
"""The schema of `x-semantics`."""

EXTENDED: Final = "../documents/base.yaml"
SHOWN: Final = "shown.yaml"

PROVENANCE: Final = frozenset({KEY, "x-derived-from"})


def documents(root: Path, derived: Mapping[str, Json]) -> dict[str, str]:
    """Return `documents/`: each derived document as YAML, JSON and dereferenced JSON.

    Each comes twice, the second time without provenance. Beside them, the schema of `x-semantics`.

    Raises:
        DocumentError: a source cannot be used.
    """
    vocabulary = (root / VOCABULARY.relative_to(ROOT)).read_text(encoding="utf-8")
    files = {VOCABULARY_NAME: vocabulary}
    for name, document in derived.items():
        for form, content in {name: document, f"{name}.plain": plain(document)}.items():
            files[f"documents/{form}.yaml"] = dump_yaml(content)
            files[f"documents/{form}.json"] = dump_json(content)
            files[f"documents/{form}.dereferenced.json"] = dump_json(dereference(content))
    return files


def overlays(root: Path) -> dict[str, str]:
    """Return `overlays/`, each extending the published base document.

    The last overlay of the strict document is derived, and missing if it adds nothing.

    Raises:
        DocumentError: an overlay extends something else.
    """
    files: dict[str, str] = {}
    for path in sorted((root / OVERLAYS).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        source = f"extends: ../../{SPEC.as_posix()}\n"
        if text.count(source) != 1:
            raise DocumentError(f"{path}: must say `{source.strip()}`; write it once")
        files[f"overlays/{path.name}"] = text.replace(source, f"extends: {EXTENDED}\n")
    shown = _shown(root)
    return files | ({f"overlays/{SHOWN}": dump_yaml(shown)} if shown else {})


def generators(document: Json, calls: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the overlay with the markers of other generators, and the document with them."""
    overlay = markers(cast("dict[str, Any]", document), calls)
    marked = apply(document, overlay, strict_targets=True)
    return {
        f"overlays/{NAME}.yaml": dump_yaml(overlay),
        f"documents/{NAME}.yaml": dump_yaml(marked),
        f"documents/{NAME}.json": dump_json(marked),
    }


def _shown(root: Path) -> Json:
    """Return the last overlay of the strict document, None if it adds nothing."""
    document: Any
    *_, (_, document) = history("strict", root)
    shown: Any = shown_updates(document)
    if shown is None:
        return None
    return {
        "overlay": shown["overlay"],
        "info": shown["info"],
        "extends": EXTENDED,
        "actions": shown["actions"],
    }


def plain(document: Json) -> Json:
    """Return a copy of a document without provenance."""
    copy: Any = _without_provenance(document)
    paragraphs = copy["info"]["description"].split("\n\n")
    # From the first paragraph that names the extension, the description explains it.
    kept = itertools.takewhile(lambda paragraph: KEY not in paragraph, paragraphs)
    copy["info"]["description"] = "\n\n".join(kept).rstrip() + "\n"
    return dict(copy)


def _without_provenance(node: Json) -> Json:
    if isinstance(node, list):
        return [_without_provenance(child) for child in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_provenance(child) for key, child in node.items() if key not in PROVENANCE}
