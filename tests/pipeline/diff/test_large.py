"""Large and deep documents are compared to the end; `scripts.bench.diffs` times it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from heidi_spec_tools.differences import Source, compare
from heidi_spec_tools.documents import DocumentError, dump_json

from scripts.bench.diffs import (
    SAMPLES,
    chain,
    document,
    inline,
    mutual,
    operation,
    records,
    wide,
)
from tests.pipeline.diff.samples import compared, kinds

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
def test_two_documents_of_a_megabyte_are_compared() -> None:
    old, new = records(4, rings=2), records(9, rings=2)
    assert len(dump_json(old)) > 1_000_000
    # Every operation reaches the record, both ways.
    assert 16 == len(compared(old, new).changes)


@pytest.mark.slow
def test_each_change_of_many_is_found() -> None:
    assert 2_000 == len(compared(wide(50, 40, 50), wide(40, 40, 50)).changes)


@pytest.mark.slow
@pytest.mark.parametrize("word", ["properties", "anyOf", "oneOf"])
def test_eighty_schemas_that_refer_to_each_other_are_compared(word: str) -> None:
    assert ["max-length-raised"] == kinds(compared(mutual(word, 9), mutual(word, 10)))


def test_four_hundred_schemas_that_are_all_of_each_other_are_compared() -> None:
    assert ["max-length-lowered"] == kinds(compared(chain(9), chain(8)))


@pytest.mark.parametrize(
    "word", ["allOf", *(pytest.param(word, marks=pytest.mark.slow) for word in ("anyOf", "oneOf"))]
)
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_four_hundred_schemas_inside_each_other_are_read_and_compared(
    word: str, suffix: str, tmp_path: Path
) -> None:
    files = [tmp_path / f"{length}.{suffix}" for length in (9, 8)]
    for length, file in zip((9, 8), files, strict=True):
        text = json.dumps(inline(word, length))
        # The blank lets the YAML reader have it.
        file.write_text(text if suffix == "json" else f"# YAML\n{text}", "utf-8")
    assert ["max-length-lowered"] == kinds(compare(*map(Source.read, files)))


def test_what_is_deep_inside_allof_has_a_witness() -> None:
    (change,) = compared(inline("allOf", 9), inline("allOf", 8)).changes
    assert change.witness is not None
    assert "before" == change.witness.valid


def test_a_message_too_deep_to_show_is_said_to_have_no_example() -> None:
    def nested(length: int) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "maxLength": length}
        for _ in range(400):
            schema = {"type": "object", "properties": {"it": schema}}
        return document({"/deep": operation(sent=schema)}, {})

    (change,) = compared(nested(9), nested(8)).changes
    assert change.witness is not None
    assert ("", "it is deeper than 100 values in values") == (
        change.witness.valid,
        change.witness.reason,
    )


def test_nesting_without_end_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_text("[" * 6000 + "]" * 6000, "utf-8")
    with pytest.raises(DocumentError, match="nests deeper than 5000 levels; flatten it"):
        Source.read(file)


@pytest.mark.slow
def test_each_sample_of_the_bench_differs() -> None:
    small = {name for name in SAMPLES if "allOf" in name}
    assert all(kinds(compared(*SAMPLES[name]())) for name in small)
