from __future__ import annotations

import contextlib
import csv
import itertools
import json
import os
import secrets
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from ._rows import flat, row

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from heidi_generated.decoding import Model
    from heidi_generated.metadata import Resource

REST: Final = "additional_properties"
"""The column for properties that the document does not know, as JSON."""


# What a spreadsheet takes for a formula, also in the wide forms of East Asian scripts:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")


def export(
    walk: Callable[[Callable[[int, int | None], None]], Iterable[Model]],
    resource: Resource,
    output: Path,
    *,
    format_: str,
    show_phi: bool,
) -> int:
    """Write all items of a list, one a line, and return how many there were.

    The file is for its owner alone, and takes its name when it is complete.

    Args:
        walk: returns the items, and tells a function how many were seen, and how many there are.
        resource: what the items are.
        output: where to; `-` is stdout.
        format_: jsonl or csv.
        show_phi: also write what may identify a patient.
    """
    numbers = itertools.count()
    with _progress() as progress, _destination(output) as file:
        items = zip(walk(progress), numbers, strict=False)
        rows = (row(model, resource.name, show_phi=show_phi) for model, _ in items)
        if format_ == "csv":
            _write_csv(rows, file, resource.columns if show_phi else resource.harmless)
        else:
            _write_jsonl(rows, file)
    return next(numbers)


def _write_jsonl(rows: Iterator[dict[str, Any]], file: IO[str]) -> None:
    for properties in rows:
        file.write(json.dumps(properties, ensure_ascii=False) + "\n")


def _write_csv(rows: Iterator[dict[str, Any]], file: IO[str], columns: Sequence[str]) -> None:
    writer = csv.DictWriter(file, [*columns, REST])
    writer.writeheader()
    for properties in rows:
        cells = flat(properties, columns)
        rest = {name: cells.pop(name) for name in cells.keys() - set(columns)}
        line = {name: _cell(value) for name, value in cells.items()}
        writer.writerow({**line, REST: _cell(rest) if rest else ""})


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


@contextlib.contextmanager
def _destination(output: Path) -> Generator[IO[str], None, None]:
    if output == Path("-"):
        yield sys.stdout
        return
    partial = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def _progress() -> Generator[Callable[[int, int | None], None], None, None]:
    from rich.console import Console  # noqa: PLC0415  # the extra [cli]
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("items", total=None)
        yield lambda seen, total: bar.update(task, completed=seen, total=total)
