"""A page of full sessions: our generated decoder, pydantic, the stock code of the generator.

CPU time, garbage collection included. The floors compare with pydantic, in which users would write
models by hand, and which has its own JSON parser; ours is that of the client, with msgspec. The
stock code of the generator neither keeps what breaks the document nor reads a page that lacks a
property, and its speed moves with the version of the generator: its ratios are shown without a
floor.
"""

from __future__ import annotations

import gc
import importlib
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, Union

from heidi_spec_tools.documents import load

from .measure import ROOT, NotMeasuredError, interleave, last_line
from .table import Bound, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pydantic

    from .environments import Environments

DOCUMENT: Final = ROOT / "generated/heidi_spec/client.json"
CALLS: Final = 8

NOTE: Final = """Subjective:
Dry cough for five days, worse at night. No fever, no shortness of breath, no chest pain. Takes
lisinopril 10 mg daily, started six weeks ago. Does not smoke. No known contact with tuberculosis.

Objective:
Temperature 36.8 C, pulse 72, blood pressure 128/76. Chest clear, throat not inflamed.

Assessment:
Cough, most likely a side effect of the ACE inhibitor; viral infection is possible.

Plan:
- Change lisinopril to losartan 50 mg
- Review in two weeks, earlier with fever or blood in the sputum
"""

Decoder: TypeAlias = Callable[[], object]


FLOORS: Final[Mapping[tuple[str, str, str], Bound | None]] = {
    ("all keys, against pydantic", "ours", "pydantic"): Bound("≥", 1.2),
    ("gaps, against pydantic", "ours, gaps", "pydantic, gaps"): Bound("≥", 1),
    ("all keys, without msgspec, against stock", "ours, without msgspec", "stock"): None,
    ("all keys, against stock", "ours", "stock"): None,
    ("strict, against stock", "ours, strict", "stock"): None,
    ("all keys, against json alone", "ours", "json alone"): None,
}
"""Figure, ours and peer. `gaps`: a session has an unknown property, and lacks a required one."""


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
    document: Any = load(DOCUMENT)
    with tempfile.TemporaryDirectory() as folder:
        cases = decoders(document, Path(folder), sessions)
        gc.freeze()  # imports are not measured
        medians = interleave([_case(name, case) for name, case in cases.items()], rounds)
    return [_row(*figure, floor, medians) for figure, floor in FLOORS.items()]


def _row(
    figure: str, ours: str, peer: str, floor: Bound | None, medians: Mapping[str, float]
) -> Row:
    own, other = (f"{medians[name] * 1e6:.0f} µs" for name in (ours, peer))
    ratio = medians[peer] / medians[ours]
    if floor is None:
        return Row.reported(f"decode {figure}", own, other, ratio)
    return Row.of_ratio(f"decode {figure}", own, other, ratio, floor)


def _case(name: str, decode: Decoder) -> Callable[[], dict[str, float]]:
    """Return what measures a call, warm and on a clean heap."""

    def measure() -> dict[str, float]:
        gc.collect()
        decode()
        start = time.process_time()
        for _ in range(CALLS):
            decode()
        return {name: (time.process_time() - start) / CALLS}

    return measure


# The pages


def page(document: dict[str, Any], sessions: int, *, gaps: bool) -> bytes:
    """Write a page of sessions in which no property is null, empty or missing."""
    schemas = document["components"]["schemas"]
    items = [_example(schemas["Session"], schemas) for _ in range(sessions)]
    for index, item in enumerate(items):
        item["session_id"] = f"1358142819904139567850277498532{index:08}"
        item["consult_note"]["result"] = NOTE
        if gaps:
            item["brand_new"] = index
            del item["ehr_provider"]
    response = {
        "sessions": items,
        "count": sessions,
        "total_count": sessions,
        "next_page": None,
        "has_next_page": False,
    }
    return json.dumps(response, ensure_ascii=False, separators=(",", ":")).encode()


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    schema = _resolve(schema, schemas)
    if "properties" in schema:
        return {name: _example(each, schemas) for name, each in schema["properties"].items()}
    if "enum" in schema:
        return schema["enum"][0]
    kind = _kinds(schema)[0]
    samples = [each for each in schema.get("examples", ()) if each]
    if kind == "array":
        return samples[0] if samples else [_example(schema["items"], schemas)]
    fallback = {"string": "some text", "number": 60.5, "integer": 7, "boolean": True}
    return samples[0] if samples else fallback.get(kind, "something")


def _resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if "oneOf" in schema:
        schema = schema["oneOf"][0]
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _kinds(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", "any")
    return [kinds] if isinstance(kinds, str) else kinds


# The peers


def stock(folder: Path) -> Callable[[Any], object]:
    """Generate with the stock templates, and return the function that reads a page."""
    config = folder / "config.yaml"
    config.write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--path", str(DOCUMENT), "--config", str(config)]
    command += ["--output-path", str(folder / "stock")]
    subprocess.run(command, check=True, capture_output=True)
    sys.path.insert(0, str(folder))
    reader: Callable[[Any], object] = importlib.import_module("stock.models").SessionPage.from_dict
    return reader


def in_pydantic(document: dict[str, Any], *, gaps: bool) -> type[pydantic.BaseModel]:
    """Make models that keep unknown properties as ours do; with gaps, properties may be missing."""
    import pydantic  # noqa: PLC0415  # not for the process that starts this one

    schemas = document["components"]["schemas"]
    made: dict[str, Any] = {}

    def annotation(schema: dict[str, Any]) -> Any:
        if "oneOf" in schema:
            return annotation(schema["oneOf"][0]) | None
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return made.get(name) or made.setdefault(name, make(name))
        if schema.get("type") == "array":
            return list[annotation(schema["items"])]  # type: ignore[misc]  # made at run time
        of_format = {"date": date, "date-time": datetime}.get(schema.get("format", ""), str)
        of_kind: dict[str, Any] = {
            "any": Any,
            "null": None,
            "array": list[Any],
            "string": of_format,
            "number": float,
            "integer": int,
            "boolean": bool,
        }
        return Union[tuple(of_kind[kind] for kind in _kinds(schema))]  # noqa: UP007  at run time

    def make(name: str) -> Any:
        schema = schemas[name]
        if "enum" in schema:
            return StrEnum(name, {value: value for value in schema["enum"]})
        required = frozenset[str](() if gaps else schema["required"])
        fields = dict[str, Any]()
        for each, inner in schema["properties"].items():
            kind = annotation(inner)
            fields[each] = (kind, ...) if each in required else (Union[kind, None], None)  # noqa: UP007
        config = pydantic.ConfigDict(extra="allow")
        return pydantic.create_model(name, __config__=config, **fields)

    model: type[pydantic.BaseModel] = make("SessionPage")
    return model


def decoders(document: dict[str, Any], folder: Path, sessions: int) -> dict[str, Decoder]:
    """List everything that is measured."""
    full, partial = (page(document, sessions, gaps=gaps) for gaps in (False, True))
    name = "heidi_generated.api.sessions.list_linked_user_sessions"
    ours = importlib.import_module(name).OPERATION.decode
    read = importlib.import_module("heidi_sessions._json").load
    from_stock = stock(folder)
    whole, gapped = (in_pydantic(document, gaps=gaps) for gaps in (False, True))
    return {
        "json alone": lambda: json.loads(full),
        "stock": lambda: from_stock(json.loads(full)),
        "pydantic": lambda: whole.model_validate_json(full),
        "pydantic, gaps": lambda: gapped.model_validate_json(partial),
        "ours, without msgspec": lambda: ours(json.loads(full)),
        "ours": lambda: ours(read(full)),
        "ours, gaps": lambda: ours(read(partial)),
        "ours, strict": lambda: ours(read(full), strict=True),
    }
