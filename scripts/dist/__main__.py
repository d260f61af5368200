"""Build wheel and sdist into dist/, and try them without the source.

    python -m scripts.dist [--python PYTHON]

Writes dist/ when everything holds: the wheel, the sdist, LICENCES.md and SHA256SUMS.
Exit codes: 0 fine, 1 a check failed or something cannot be installed, 2 it could not run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from scripts.dist import licences
from scripts.dist.archives import (
    Built,
    DistError,
    build,
    build_wheel,
    faults_of_sdist,
    faults_of_wheel,
    files_of,
)
from scripts.dist.environments import (
    EXTRAS,
    Environment,
    check_imports,
    check_programs,
    check_readme,
    check_toolkit,
    create,
    judge,
)
from scripts.library.outputs import replace
from scripts.library.serving import ServingError, serving
from scripts.steps.documents import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

OUTPUT: Final = ROOT / "dist"
LOCKS: Final = (
    ROOT / "scripts/node/package-lock.json",
    ROOT / "scripts/portability/package-lock.json",
)


def main(arguments: Sequence[str] | None = None, output: Path = OUTPUT) -> int:
    """Run the command line; see the top of this file."""
    parser = argparse.ArgumentParser("python -m scripts.dist", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the interpreter to try it with")
    options = parser.parse_args(arguments)
    if not shutil.which(options.python):
        parser.error(f"--python: {options.python} is not a program; name an interpreter")
    try:
        with tempfile.TemporaryDirectory(prefix="heidi-dist-") as folder:
            written = Release(Path(folder), options.python).files()
            replace(output, written)
    except (DistError, ServingError) as error:
        print(f"dist: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"dist: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("dist: interrupted; what was in dist/ stays", file=sys.stderr)
        return 130
    for name in written:
        print(f"  {output.name}/{name}")
    return 0


class Release:
    """One release, built and tried in its own folder."""

    def __init__(self, folder: Path, python: str) -> None:
        self._folder = folder
        self._python = python
        self._environments: dict[str, Environment] = {}

    def files(self) -> dict[str, bytes]:
        """Build, try, and return the files to release.

        Raises:
            DistError: a check failed.
        """
        built = self._step("the same bytes twice, and the same wheel from the sdist", self._build)
        self._step("nothing is missing and nothing is foreign", lambda: check_contents(built))
        for name in EXTRAS:
            self._step(f"{name} installs alone, imports and runs", lambda: self._try(name, built))  # noqa: B023  it is called at once
        self._step("the README runs in each, the judge approves, and heidi-spec works", self._run)
        table = self._step("every licence is allowed", self._licences)
        paths = (built.sdist, built.wheel)
        released = {path.name: path.read_bytes() for path in paths} | {
            "LICENCES.md": table.encode()
        }
        return released | {"SHA256SUMS": checksums(released)}

    def _step(self, name: str, step: Callable[[], T]) -> T:
        started = time.monotonic()
        result = step()
        print(f"✓ {name} ({time.monotonic() - started:.1f} s)", flush=True)
        return result

    def _build(self) -> Built:
        first = build(self._folder / "first")
        check_bytes(first, build(self._folder / "second"), build_wheel(self._folder / "direct"))
        return first

    def _try(self, name: str, built: Built) -> None:
        place = self._folder / "environments"
        environment = create(name, built.wheel, place, self._python)
        check_imports(environment, name)
        check_programs(environment, name)
        self._environments[name] = environment

    def _run(self) -> None:
        readme = (ROOT / "README.md").read_text("utf-8")
        with serving([self._environments["sandbox"].program("heidi-sandbox")]) as served:
            access = {
                "HEIDI_BASE_URL": served.url,
                "HEIDI_API_KEY": served.key,
                "HEIDI_EMAIL": "user@clinic.example",
                "HEIDI_THIRD_PARTY_INTERNAL_ID": "1",
            }
            for environment in self._environments.values():
                check_readme(environment, readme, access)
            judge(self._environments["conformance"], served.url, served.key)
        check_toolkit(self._environments["spec"])

    def _licences(self) -> str:
        shipped = self._environments["all"].python(licences.LIST_INSTALLED)
        tools = Environment(Path(sys.prefix), self._folder).python(licences.LIST_INSTALLED)
        return licence_page(shipped, tools)


def check_bytes(first: Built, second: Built, direct: Path) -> None:
    """Compare two builds, and the wheel of the sdist with that of the source.

    Raises:
        DistError: they differ.
    """
    pairs = {
        "two builds of the sdist": (first.sdist, second.sdist),
        "two builds of the wheel": (first.wheel, second.wheel),
        "the wheels of the sdist and of the source": (first.wheel, direct),
    }
    for name, (one, other) in pairs.items():
        if one.read_bytes() != other.read_bytes():
            raise DistError(f"{name} differ")


def check_contents(built: Built) -> None:
    """Look into both archives.

    Raises:
        DistError: something is missing or foreign.
    """
    wheel, sdist = files_of(built.wheel), files_of(built.sdist)
    if faults := [*faults_of_wheel(wheel), *faults_of_sdist(sdist, wheel)]:
        raise DistError("; ".join(faults))


def licence_page(shipped: str, tools: str) -> str:
    """Write the licences of what is installed with the package, and of the tools.

    Args:
        shipped: what `LIST_INSTALLED` printed where the package is installed with all extras.
        tools: what it printed among the tools.

    Raises:
        DistError: a licence is not allowed.
    """
    own = licences.of_python(json.loads(shipped))
    known = {each.package for each in own}
    others = [each for each in licences.of_python(json.loads(tools)) if each.package not in known]
    node = list(dict.fromkeys(each for lock in LOCKS for each in licences.of_node(lock)))
    if faults := licences.refused([*own, *others, *node]):
        raise DistError("; ".join(faults))
    return licences.table(
        {
            "Installed with heidi-sessions[all]": own,
            "Python tools that only build and test": others,
            "Node tools that only build and test, and the reference page": node,
        }
    )


def checksums(files: dict[str, bytes]) -> bytes:
    """Write the checksums of the files, as sha256sum does."""
    lines = (f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items())
    return "".join(lines).encode()


if __name__ == "__main__":
    sys.exit(main())
