"""The verdicts on the ready drivers, as a page."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

from scripts.portability.page import markdown
from scripts.portability.tools import FOLDER, go, run
from scripts.steps.documents import OUTPUT as DOCUMENTS
from scripts.steps.documents import ROOT
from scripts.steps.lint import NODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Command = Sequence[str | Path]

PAGE: Final = ROOT / "openapi" / "guides" / "scorecards.md"
TEMPLATE: Final = Path(__file__).with_name("scorecards.md")
DRIVERS: Final = Path("conformance") / "drivers"
JUDGE: Final = Path(sys.executable).with_name("heidi-conformance")
STOCK: Final = "openapi-python-client"
STOCK_CLIENT: Final = "stock_client"
RAN: Final = (0, 1)
"""The exit codes of the judge with a verdict."""


@dataclass(frozen=True)
class Driver:
    """A ready driver.

    Attributes:
        file: in `conformance/drivers/`.
        start: prepares it in a folder, and returns the command that starts it; its variable
            PYTHONPATH is that folder.
        typed: the same command as a reader types it, in the folder of the project.
        before: what is run first, as a reader types it.
        variables: what comes before the judge, as a reader types it.
        version: of what it drives, where it does not know it.
    """

    file: str
    start: Callable[[Path], Command]
    typed: str
    before: str = ""
    variables: str = ""
    version: str = ""

    @property
    def command(self) -> str:
        """How to repeat it, in the folder of the project."""
        before = f"{self.before}\n" if self.before else ""
        return f"{before}{self.variables}.venv/bin/heidi-conformance client -- {self.typed}"


def interpreted(file: str, program: str, typed: str) -> Driver:
    """Return a driver that a program reads."""
    return Driver(file, lambda _: [program, ROOT / DRIVERS / file], f"{typed} {DRIVERS / file}")


def stock(folder: Path) -> Command:
    """Generate the client of openapi-python-client."""
    client = folder / STOCK_CLIENT
    shutil.rmtree(client, ignore_errors=True)
    document = ROOT / DOCUMENTS / "client.json"
    options = ("--path", str(document), "--meta", "none", "--output-path", str(client))
    run([Path(sys.executable).with_name(STOCK), "generate", *options], folder)
    return [sys.executable, ROOT / DRIVERS / "stock.py"]


def compiled(folder: Path) -> Command:
    """Compile the driver for Go."""
    go(folder, "build", ROOT / DRIVERS / "golang.go")
    return [folder / "golang"]


READY: Final = (
    interpreted("python.py", sys.executable, ".venv/bin/python"),
    interpreted("python_async.py", sys.executable, ".venv/bin/python"),
    Driver(
        "stock.py",
        stock,
        f".venv/bin/python {DRIVERS}/stock.py",
        f".venv/bin/{STOCK} generate --path {DOCUMENTS}/client.json --meta none"
        f" --output-path {STOCK_CLIENT}",
        "PYTHONPATH=. ",
        metadata.version(STOCK),
    ),
    interpreted("typescript.mts", str(NODE), ".venv/bin/node"),
    Driver("golang.go", compiled, "./golang", f"go build {DRIVERS}/golang.go"),
    interpreted("curl.sh", "bash", "bash"),
)


@dataclass(frozen=True)
class Card:
    """The verdict on one driver. drives: what it drives, with its version."""

    driver: Driver
    drives: str
    report: Mapping[str, Any]

    @property
    def results(self) -> dict[str, str]:
        """The result of each scenario."""
        return {each["rule"]: each["result"] for each in self.report["rules"]}


def judged(driver: Driver) -> Card:
    """Judge a driver.

    Raises:
        PortabilityError: it cannot be judged.
    """
    folder = FOLDER / "scorecards"
    report = folder / Path(driver.file).name
    shutil.rmtree(report, ignore_errors=True)
    report.mkdir(parents=True)
    command = ("client", "--report", str(report), "--", *driver.start(folder))
    run([JUDGE, *command], folder, {"PYTHONPATH": str(folder)}, RAN)
    found = json.loads((report / "report.json").read_text("utf-8"))
    drives = f"{found['target'].removeprefix('the client ')} {driver.version}".strip()
    return Card(driver, drives, found)


def scenarios() -> list[tuple[str, str, str]]:
    """Return id, level and words of each scenario."""
    lines = run([JUDGE, "client", "--list"], ROOT).splitlines()
    found = [line.split(maxsplit=2) for line in lines]
    return [(id_, level, words) for id_, level, words in found]


def page(cards: Sequence[Card], rows: Sequence[tuple[str, str, str]]) -> str:
    """Write the page."""
    levels = list(dict.fromkeys(level for _, level, _ in rows))
    heads = ["driver", "drives", "passed", *(f"findings, {level}" for level in levels)]
    names = [f"`{card.driver.file}`" for card in cards]
    return Template(TEMPLATE.read_text("utf-8")).substitute(
        number=len(rows),
        summary=markdown(heads, [_summary(card, rows, levels) for card in cards]),
        scenarios=markdown(
            ["scenario", "level", *names],
            [
                [f"{words} (`{id_}`)", level, *(_word(card.results.get(id_)) for card in cards)]
                for id_, level, words in rows
            ],
        ),
        findings="\n".join(_findings(card) for card in cards if card.report["findings"]),
        commands="\n\n".join(f"```sh\n{card.driver.command}\n```" for card in cards),
    )


def _summary(card: Card, rows: Iterable[tuple[str, str, str]], levels: Iterable[str]) -> list[str]:
    levels_of = {id_: level for id_, level, _ in rows}
    failed = Counter(levels_of[id_] for id_, result in card.results.items() if result == "failed")
    passed = sum(result == "passed" for result in card.results.values())
    return [
        f"`{card.driver.file}`",
        card.drives,
        f"{passed} of {len(levels_of)}",
        *(str(failed[level]) for level in levels),
    ]


def _word(result: str | None) -> str:
    return {"passed": "passed", "failed": "**finding**"}.get(result or "", "not exercised")


def _findings(card: Card) -> str:
    lines: list[str] = []
    for each in card.report["findings"]:
        title = each["title"].removesuffix(f" ({each['rule']})")
        words = f"expected {each['expected']}, got {each['got']}"
        lines.append(f"- `{each['rule']}`: {title}; {words}")
    return f"### {card.drives}\n\n" + "\n".join(lines) + "\n"


def write_scorecards() -> None:
    """Judge the ready drivers, print the result of each, and write the page.

    Raises:
        PortabilityError: one of them cannot be judged.
    """
    cards: list[Card] = []
    for driver in READY:
        print(f"portability: {driver.file} …", file=sys.stderr, flush=True)
        cards.append(judged(driver))
        number = len(cards[-1].report["findings"])
        print(f"{driver.file}: {cards[-1].drives}: {number} findings")
    PAGE.write_text(page(cards, scenarios()), "utf-8")
