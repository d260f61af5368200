"""The counter sees every place that names something of the document, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.owner.places import ALLOWED, COMMON_WORDS, Place, allowed, names, places
from tests.owner.subject import ID, PAGE, READ, UPDATE, properties

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = {
    "paths": {
        "/x": {
            "get": {"operationId": "getThing", "parameters": [{"in": "query", "name": "max_size"}]}
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "properties": {"thing_id": {}, "color": {"enum": ["RED"]}, "type": {}},
                "examples": [{"properties": {"no_name": {}}}],
            }
        }
    },
}

PYTHON = '''
"""thing_id in a docstring."""
# thing_id in a comment
thing.thing_id
def f(thing_id): "getThing in a docstring"
query = {"max_size": 1, "color": "RED", "type": "thing"}
words = f"the color of {thing} is max_size, said getThing"
thing_ids = 1
'''


def test_each_line_that_names_something_counts_once_for_each_name(tmp_path: Path) -> None:
    (tmp_path / "generated/heidi_spec").mkdir(parents=True)
    (tmp_path / "generated/heidi_spec/base.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox/a.py").write_text(PYTHON)
    (tmp_path / "sandbox/b.jinja").write_text('{# max_size #}\n{{ x.max_size }} color "color"\n')
    (tmp_path / "sandbox/c.js").write_text("// getThing\ncall('getThing')\n")
    expected = [
        *((4, "thing_id"), (5, "thing_id")),
        *((6, "RED"), (6, "color"), (6, "max_size")),
        *((7, "getThing"), (7, "max_size")),
    ]
    assert [Place("sandbox/a.py", *each) for each in expected] + [
        Place("sandbox/b.jinja", 2, "color"),
        Place("sandbox/b.jinja", 2, "max_size"),
        Place("sandbox/c.js", 2, "getThing"),
    ] == places(tmp_path)


@pytest.mark.slow
def test_only_allowed_places_name_something_of_the_document() -> None:
    assert [] == [str(place) for place in places() if allowed(place) is None]


@pytest.mark.slow
def test_every_exception_is_needed() -> None:
    assert set(ALLOWED) == {allowed(place) for place in places()} - {None}
    assert all(ALLOWED.values())


def test_the_names_are_those_of_the_documents() -> None:
    found = names()
    assert {ID, READ.name, PAGE["size"], *properties(UPDATE.body)} <= found | COMMON_WORDS
    assert [] == sorted(found & COMMON_WORDS)
