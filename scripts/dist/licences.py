"""The licences of everything that is installed, from what each package says of itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scripts.steps.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

ALLOWED: Final = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BlueOak-1.0.0",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",  # covers only its own files, and they are used unchanged
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
    }
)
"""Licences that permit use, redistribution and linking without obligations for our code."""

REVIEWED: Final[Mapping[str, str]] = {
    "decko": "MIT",
    "httpntlm": "MIT",
    "partd": "BSD-3-Clause",
    "reserved": "MIT",
    "stack-trace": "MIT",
    "stickyfill": "MIT",
    "stream-length": "CC0-1.0",  # or WTFPL, whichever one prefers
    "url-template": "BSD-3-Clause",
    "zict": "BSD-3-Clause",
}
"""Licences that a person read in the files of packages whose metadata name none."""

NAMES: Final[Mapping[str, str]] = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",  # Jinja2 and granian, which mean the one of three clauses
    "ISC License": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Words of packages in place of the identifier."""

_TEXTS: Final = (
    (r"Permission is hereby granted, free of charge", "MIT"),
    (r"Redistribution and use in source.*Neither the name", "BSD-3-Clause"),
)

_MET: Final = "\0"
"""Stands for a part in parentheses that is met."""

LIST_INSTALLED: Final = """
import importlib.metadata, json
print(json.dumps([
    {
        "name": each.metadata["Name"],
        "version": each.version,
        "expression": each.metadata.get("License-Expression") or "",
        "licence": each.metadata.get("License") or "",
        "classifiers": each.metadata.get_all("Classifier") or [],
    }
    for each in importlib.metadata.distributions()
]))
"""
"""A program that prints the metadata of what is installed beside it."""


@dataclass(frozen=True)
class Licence:
    """The licence of one package; `expression` is an SPDX one, or whatever it says instead."""

    package: str
    version: str
    expression: str

    @property
    def is_allowed(self) -> bool:
        """Say whether the allowed ones are enough: one of each `OR`, all of `AND`."""
        return _is_met(self.expression)


def of_python(installed: Iterable[Mapping[str, Any]]) -> list[Licence]:
    """Read what `LIST_INSTALLED` printed; our own distribution is not listed."""
    return _sorted(
        Licence(each["name"], each["version"], _expression(each))
        for each in installed
        if each["name"] != "heidi-sessions"
    )


def of_node(lock: Path) -> list[Licence]:
    """Read the packages of an npm lock file."""
    packages: Any = json.loads(lock.read_text("utf-8"))["packages"]
    return _sorted(set(_node(packages)))


def _sorted(licences: Iterable[Licence]) -> list[Licence]:
    return sorted(licences, key=lambda each: (each.package.lower(), each.version))


def _node(packages: Mapping[str, Any]) -> Iterator[Licence]:
    for place, each in packages.items():
        name = place.rpartition("node_modules/")[2]
        if name:
            said = each.get("license") or ""
            yield Licence(name, each["version"], _known(name, said))


def refused(licences: Iterable[Licence]) -> list[str]:
    """Name the packages whose licence is not allowed, a line each."""
    return [
        f"{each.package} {each.version}: licence {each.expression or 'unknown'} is not allowed;"
        f" read it, and add it to {(ROOT / 'scripts/dist/licences.py').relative_to(ROOT)}"
        for each in licences
        if not each.is_allowed
    ]


def table(sections: Mapping[str, Sequence[Licence]]) -> str:
    """Write the licences as a page, a table for each section."""
    parts = ["# Licences of what we depend on\n"]
    for title, licences in sections.items():
        rows = "".join(
            f"| {each.package} | {each.version} | {each.expression} |\n" for each in licences
        )
        parts.append(f"## {title}\n\n| package | version | licence |\n| --- | --- | --- |\n{rows}")
    return "\n".join(parts)


def _expression(package: Mapping[str, Any]) -> str:
    classifiers = [
        each.rpartition(" :: ")[2]
        for each in package["classifiers"]
        if each.startswith("License :: OSI Approved :: ")
    ]
    said = (
        package["expression"] or package["licence"] or " AND ".join(map(_known_name, classifiers))
    )
    return _known(package["name"], said)


def _known(name: str, said: str) -> str:
    if name in REVIEWED:
        return REVIEWED[name]
    for pattern, identifier in _TEXTS:
        if re.search(pattern, said, re.DOTALL):
            return identifier
    return _known_name(" ".join(said.split())[:80])


def _known_name(said: str) -> str:
    return NAMES.get(said, said)


def _is_met(expression: str) -> bool:
    """Say whether an SPDX expression is met; `AND` binds closer than `OR`."""
    inner = re.sub(
        r"\(([^()]*)\)", lambda match: _MET if _flat_is_met(match[1]) else "", expression
    )
    return _is_met(inner) if inner != expression else _flat_is_met(inner)


def _flat_is_met(flat: str) -> bool:
    return any(
        all(part.strip(" ") in ALLOWED | {_MET} for part in re.split(r" AND ", choice))
        for choice in re.split(r" OR ", flat)
    )
