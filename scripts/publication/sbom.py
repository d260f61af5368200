"""The components of the Python distribution: CycloneDX, from the lock file."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import uuid
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING, Any, Final

from heidi_spec_tools.documents import DocumentError, dump_json

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "sbom.cdx.json"
EXPORT: Final = (
    "uv export --frozen --offline --no-config --quiet --all-extras --no-default-groups"
    " --format cyclonedx1.5 --preview-features sbom-export"
).split()
SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.5.schema.json"
DATE: Final = "SOURCE_DATE_EPOCH"


def sbom(root: Path) -> str:
    """Return the components of the distribution and all its extras, with their licences.

    Licences come from the metadata of installed packages; a package for another platform has none.
    The date is that of SOURCE_DATE_EPOCH, or left out.

    Raises:
        DocumentError: the lock file cannot be read, or SOURCE_DATE_EPOCH is not a number.
    """
    export = subprocess.run(
        EXPORT, cwd=root, capture_output=True, text=True, check=False, env=_environment()
    )
    if export.returncode:
        reason = " ".join(export.stderr.split()) or f"exit code {export.returncode}"
        raise DocumentError(f"uv.lock: uv cannot export it: {reason}; run `uv lock`")
    bill: Any = json.loads(export.stdout)
    bill.pop("serialNumber", None)
    bill["metadata"].pop("timestamp", None)
    components = [component | _licences(component["name"]) for component in bill["components"]]
    bill = {"$schema": SCHEMA, **bill, "components": components}
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bill, sort_keys=True))
    bill["serialNumber"] = f"urn:uuid:{serial}"
    if (date := os.environ.get(DATE)) is not None:
        bill["metadata"]["timestamp"] = _instant(date)
    return dump_json(bill)


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("UV_")}


def _licences(name: str) -> dict[str, Any]:
    try:
        said = metadata(name).json
    except PackageNotFoundError:
        return {}
    if expression := said.get("license_expression"):
        return {"licenses": [{"expression": expression}]}
    classified = [
        line.rpartition(" :: ")[2]
        for line in said.get("classifier", [])
        if line.startswith("License :: OSI Approved :: ")
    ]
    stated = str(said.get("license", "")).strip()
    if stated and "\n" not in stated:
        classified = classified or [stated]
    return {"licenses": [{"license": {"name": text}} for text in classified]} if classified else {}


def _instant(epoch: str) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DocumentError(
            f"{DATE}: {epoch!r} is not a number of seconds; write digits"
        ) from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
