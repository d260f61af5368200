"""The page for partners: what is and is not proven about the published document."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from scripts.portability.proofs import State
from scripts.portability.tools import version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scripts.portability.proofs import Proof
    from scripts.portability.targets import Target

_HEADS: Final = ("target", "generator", "version", "generated", "checked", "run")

TEMPLATE: Final = Path(__file__).with_name("page.md")


def page(targets: Mapping[str, Target], document_version: str) -> str:
    """Write the page.

    Raises:
        PortabilityError: a generator is in no lock.
    """
    rows = [
        (
            target.language,
            f"{target.package} {version(target.package)}",
            target.checker,
            "runs the operations" if target.run else "not run",
        )
        for target in targets.values()
    ]
    heads = ("language", "generator", "checked", "run")
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        version=document_version,
        table=markdown(heads, rows),
        sections="\n".join(map(_section, targets.values())).rstrip(),
    )


def _section(target: Target) -> str:
    command = target.command.format(document="openapi.json", output="generated")
    if target.overlay:
        apply = f"heidi-spec apply client.json {target.overlay} -o openapi.json"
        command = f"{apply}\n{command}"
    notes = [note.text for note in target.notes]
    notes += [f"The generator warns: “{warning}”." for warning in target.warnings]
    listed = "\n".join(f"- {note}" for note in notes)
    return f"### {target.language}: {target.package}\n\n```text\n{command}\n```\n\n{listed}\n"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def table(proofs: Iterable[Proof], targets: Mapping[str, Target]) -> str:
    """Write the result of each target, in aligned columns."""
    rows = [_HEADS, *(_row(proof, targets[proof.name]) for proof in proofs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _row(proof: Proof, target: Target) -> tuple[str, ...]:
    checked = proof.checked.state.value
    if proof.checked.state is State.PROVEN:
        checked = target.checker
    generated, ran = proof.generated.state.value, proof.ran.state.value
    return (proof.name, target.package, version(target.package), generated, checked, ran)
