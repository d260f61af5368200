"""A page of full sessions: our decoder against pydantic.

There is no floor against the stock code of the generator; scripts/bench/decode.py says why.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heidi_spec_tools.documents import load

from scripts.bench.measure import NotMeasuredError, last_line
from scripts.bench.table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.bench.environments import Environments


def rows(_: Environments, *, smoke: bool) -> Iterator[Row]:
    """Compare decoders in their own process: a heap full of other objects slows them."""
    sessions, rounds = (1, 1) if smoke else (100, 30)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        future = pool.submit(_rows, sessions, rounds)
        error = future.exception()
    if error is not None:
        raise NotMeasuredError(last_line(f"{type(error).__name__}: {error}")) from error
    yield from future.result()


def _rows(sessions: int, rounds: int) -> list[Row]:
    from scripts.bench import decode  # noqa: PLC0415  # not for the process that starts this one

    document: Any = load(decode.DOCUMENT)
    with tempfile.TemporaryDirectory() as folder:
        cases = decode.decoders(document, Path(folder), sessions)
        medians = decode.measure(cases, rounds)
    return [
        Row.of_ratio(
            f"decode {figure.what}",
            f"{medians[figure.faster] * 1e6:.0f} µs",
            f"{medians[figure.slower] * 1e6:.0f} µs",
            medians[figure.slower] / medians[figure.faster],
            Bound("≥", figure.floor),
        )
        for figure in decode.FIGURES
        if figure.floor
    ]
