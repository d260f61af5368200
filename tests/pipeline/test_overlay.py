"""`heidi-spec apply` and `apply_files`: files in, one file or one line out."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from heidi_spec_tools.__main__ import main
from heidi_spec_tools.documents import DocumentError, dump_yaml, load
from heidi_spec_tools.overlay import OverlayError, apply_files

if TYPE_CHECKING:
    from heidi_spec_tools.documents import Json

ROOT = Path(__file__).parents[2]
SPEC = "openapi: 3.1.0\npaths:\n  /a: {get: {tags: [x]}}\n"
HEAD = "overlay: 1.1.0\ninfo: {title: T, version: '1'}\n"
TAG = HEAD + "actions:\n  - target: $.paths['/a'].get.tags\n    update: 'yes'\n"
STALE = HEAD + "actions:\n  - {target: $.gone, remove: true}\n"
TAGGED: dict[str, Json] = {"openapi": "3.1.0", "paths": {"/a": {"get": {"tags": ["x", "yes"]}}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {"spec.yaml": SPEC, "tag.yaml": TAG, "stale.yaml": STALE}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


PROGRAM = str(Path(sys.executable).with_name("heidi-spec"))


@pytest.fixture(
    params=[[PROGRAM], [sys.executable, "-m", "heidi_spec_tools"]], ids=["program", "module"]
)
def command(request: pytest.FixtureRequest) -> list[str]:
    start: list[str] = request.param
    return [*start, "apply"]


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path) -> Done:
    """Run the command in this process, where it starts sooner."""
    out, err = io.BytesIO(), io.StringIO()
    text = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    with contextlib.chdir(ROOT), redirect_stdout(text), redirect_stderr(err):
        code = main(["apply", *map(str, arguments)])
    return Done(code, out.getvalue().decode(), err.getvalue())


def refused(*arguments: str | Path) -> str:
    done = run(*arguments)
    assert (2, "", 1) == (done.returncode, done.stdout, done.stderr.count("\n"))
    return done.stderr.rstrip("\n")


# What goes right


def test_it_runs_as_a_program_and_as_a_module(command: list[str], folder: Path) -> None:
    out = folder / "out.yaml"
    files = [str(folder / "spec.yaml"), str(folder / "tag.yaml")]
    done = subprocess.run(
        [*command, *files, "-o", str(out)], cwd=ROOT, capture_output=True, check=False
    )
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
    assert TAGGED == load(out)


def test_the_suffix_of_the_output_chooses_the_format(folder: Path) -> None:
    for name in ("out.yaml", "out.YML", "out.json"):
        run(folder / "spec.yaml", folder / "tag.yaml", "-o", folder / name)
    assert dump_yaml(load(folder / "out.yaml")) == (folder / "out.yaml").read_text()
    assert (folder / "out.yaml").read_text() == (folder / "out.YML").read_text()
    assert TAGGED == json.loads((folder / "out.json").read_text())


def test_a_dash_prints_yaml_in_utf_8(folder: Path) -> None:
    (folder / "spec.yaml").write_text(SPEC + "x-note: né 😀\n", encoding="utf-8")
    done = run(folder / "spec.yaml", folder / "tag.yaml", "-o", "-")
    expected = dump_yaml({**TAGGED, "x-note": "né 😀"})
    assert (0, expected, "") == (done.returncode, done.stdout, done.stderr)


def test_overlays_are_applied_in_the_order_given(folder: Path) -> None:
    (folder / "clear.yaml").write_text(
        HEAD + "actions: [{target: '$.paths.*.get.tags[*]', remove: true}]"
    )
    spec, tag, clear = (folder / name for name in ("spec.yaml", "tag.yaml", "clear.yaml"))
    cleared_first = {"openapi": "3.1.0", "paths": {"/a": {"get": {"tags": ["yes"]}}}}
    cleared_last = {"openapi": "3.1.0", "paths": {"/a": {"get": {"tags": []}}}}
    assert cleared_first == apply_files(spec, [clear, tag])
    assert cleared_last == apply_files(spec, [tag, clear])


def test_json_and_yaml_may_be_mixed(folder: Path) -> None:
    (folder / "spec.json").write_text(json.dumps(load(folder / "spec.yaml")))
    (folder / "tag.json").write_text(json.dumps(load(folder / "tag.yaml")))
    assert TAGGED == apply_files(folder / "spec.json", [folder / "tag.yaml"])
    assert TAGGED == apply_files(folder / "spec.yaml", [folder / "tag.json"])


def test_the_output_may_be_the_input(folder: Path) -> None:
    spec = folder / "spec.yaml"
    assert run(spec, folder / "tag.yaml", "-o", spec).returncode == 0
    assert TAGGED == load(spec)


def test_a_target_that_selects_nothing_passes_unless_targets_are_strict(folder: Path) -> None:
    arguments: list[str | Path] = [
        folder / "spec.yaml",
        folder / "stale.yaml",
        "-o",
        folder / "out.yaml",
    ]
    message = refused(*arguments, "--strict-targets")
    expected = (
        f"{folder}/stale.yaml: actions[0]: $['gone'] selects nothing; fix the target, or write"
        " x-optional: true for a rule that need not apply"
    )
    assert expected == message
    assert run(*arguments).returncode == 0


def test_an_optional_action_passes_although_targets_are_strict(folder: Path) -> None:
    (folder / "stale.yaml").write_text(
        STALE.replace("remove: true", "remove: true, x-optional: true")
    )
    made = apply_files(folder / "spec.yaml", [folder / "stale.yaml"], strict_targets=True)
    assert load(folder / "spec.yaml") == made


# extends


def extending(reference: str) -> str:
    return TAG + f"extends: {json.dumps(reference)}\n"


@pytest.mark.parametrize(
    "reference",
    [
        "../my spec.yaml",
        "../my%20spec.yaml",
        "./../my%20spec.yaml",
        "{folder}/my spec.yaml",
        "file://{folder}/my%20spec.yaml",
    ],
    ids=["bare", "escaped", "dotted", "absolute", "uri"],
)
def test_without_a_spec_the_extended_file_is_used_relative_to_the_overlay(
    reference: str, folder: Path
) -> None:
    (folder / "my spec.yaml").write_text(SPEC)
    (folder / "patches").mkdir()
    (folder / "patches" / "tag.yaml").write_text(extending(reference.format(folder=folder)))
    done = run(folder / "patches" / "tag.yaml", "-o", folder / "out.yaml")
    assert (0, "") == (done.returncode, done.stderr)
    assert TAGGED == load(folder / "out.yaml")


def test_with_a_spec_the_extends_of_an_overlay_is_ignored(folder: Path) -> None:
    (folder / "tag.yaml").write_text(extending("https://example.com/other.yaml"))
    assert TAGGED == apply_files(folder / "spec.yaml", [folder / "tag.yaml"])
    done = run(folder / "spec.yaml", folder / "tag.yaml", "-o", folder / "out.yaml")
    assert (0, "") == (done.returncode, done.stderr)


def test_overlays_without_a_spec_agree_on_one_document(folder: Path) -> None:
    (folder / "one.yaml").write_text(extending("spec.yaml"))
    (folder / "two.yaml").write_text(extending("./spec.yaml"))
    (folder / "other.yaml").write_text(extending("tag.yaml"))
    out = folder / "out.yaml"
    assert (
        run(folder / "one.yaml", folder / "stale.yaml", folder / "two.yaml", "-o", out).returncode
        == 0
    )
    message = refused(folder / "one.yaml", folder / "other.yaml", "-o", out)
    places = f"{folder}/spec.yaml and {folder}/tag.yaml"
    expected = f"{folder}/one.yaml: no SPEC, and extends names {places}; name SPEC first"
    assert expected == message


def test_overlays_that_extend_nothing_need_a_spec(folder: Path) -> None:
    message = refused(folder / "tag.yaml", folder / "stale.yaml", "-o", folder / "out.yaml")
    assert f"{folder}/tag.yaml: no SPEC, and extends names nothing; name SPEC first" == message


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "https://example.com/openapi.yaml",
        "//example.com/openapi.yaml",
        "file://example.com/openapi.yaml",
        "urn:openapi",
        "spec.yaml#/paths",
        "spec.yaml?v=1",
    ],
)
def test_only_a_file_can_be_extended(reference: str, folder: Path) -> None:
    (folder / "tag.yaml").write_text(extending(reference))
    message = refused(folder / "tag.yaml", "-o", folder / "out.yaml")
    expected = (
        f"{folder}/tag.yaml: extends: {reference!r} names no file; fetch it and name it as SPEC"
    )
    assert expected == message


def test_what_is_extended_must_be_a_uri(folder: Path) -> None:
    (folder / "tag.yaml").write_text(extending("http://["))
    message = refused(folder / "tag.yaml", "-o", folder / "out.yaml")
    assert message.startswith(f"{folder}/tag.yaml: extends: 'http://[' is not a URI: ")


def test_an_extended_file_that_is_absent_is_named(folder: Path) -> None:
    (folder / "tag.yaml").write_text(extending("absent.yaml"))
    message = refused(folder / "tag.yaml", "-o", folder / "out.yaml")
    assert message.startswith(f"{folder}/absent.yaml: cannot be read: No such file")


# What goes wrong

BAD_OVERLAYS = {
    "broken YAML": ("actions: [", "bad.yaml:"),
    "not an overlay": ("openapi: 3.1.0", "bad.yaml: the overlay: unknown field 'openapi'"),
    "wrong version": (TAG.replace("1.1.0", "3.0.0"), "bad.yaml: overlay: version '3.0.0'"),
    "misspelt field": (
        TAG.replace("update", "udpate"),
        "bad.yaml: actions[0]: unknown field 'udpate'",
    ),
    "wrong query": (TAG.replace("$.paths", "$paths"), "bad.yaml: actions[0]: $paths"),
    "impossible merge": (
        HEAD + "actions:\n  - {target: $, description: Break it., update: {paths: []}}\n",
        "bad.yaml: actions[0] (Break it.): $.paths: an array cannot be merged into an object; ",
    ),
}


@pytest.mark.parametrize(("text", "reason"), BAD_OVERLAYS.values(), ids=BAD_OVERLAYS)
def test_an_invalid_overlay_gives_one_line_that_names_it_and_no_output(
    text: str, reason: str, folder: Path
) -> None:
    (folder / "bad.yaml").write_text(text)
    out = folder / "out.yaml"
    message = refused(folder / "spec.yaml", folder / "tag.yaml", folder / "bad.yaml", "-o", out)
    assert message.startswith(f"{folder}/{reason}")
    assert not out.exists()


@pytest.mark.parametrize(("text", "reason"), BAD_OVERLAYS.values(), ids=BAD_OVERLAYS)
def test_an_invalid_overlay_does_not_change_an_existing_output(
    text: str, reason: str, folder: Path
) -> None:
    (folder / "bad.yaml").write_text(text)
    out = folder / "out.yaml"
    out.write_text("before: true\n")
    before = out.stat()
    refused(folder / "spec.yaml", folder / "bad.yaml", "-o", out)
    after = out.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert out.read_text() == "before: true\n"
    assert ["bad.yaml", "out.yaml", "spec.yaml", "stale.yaml", "tag.yaml"] == names(folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("missing", ["spec.yaml", "tag.yaml"])
def test_a_missing_input_is_named(missing: str, folder: Path) -> None:
    (folder / missing).unlink()
    message = refused(folder / "spec.yaml", folder / "tag.yaml", "-o", folder / "out.yaml")
    assert message.startswith(f"{folder}/{missing}: cannot be read: No such file")


def test_a_spec_alone_is_refused(folder: Path) -> None:
    message = refused(folder / "spec.yaml", "-o", folder / "out.yaml")
    assert f"{folder}/spec.yaml: is not an overlay; name an overlay after it" == message


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("out.txt", "out.txt: unknown format; end the name in .json, .yaml, .yml"),
        ("out", "out: unknown format; end the name in .json, .yaml, .yml"),
        ("absent/out.yaml", "absent/out.yaml: cannot be written: No such file or directory"),
        ("folder.yaml", "folder.yaml: is not a regular file; name another output"),
    ],
)
def test_an_invalid_output_is_refused(output: str, reason: str, folder: Path) -> None:
    (folder / "folder.yaml").mkdir()
    before = names(folder)
    message = refused(folder / "spec.yaml", folder / "tag.yaml", "-o", folder / output)
    assert message.startswith(f"{folder}/{reason}")
    assert before == names(folder)


def test_an_unchanged_output_is_not_written_again(folder: Path) -> None:
    out = folder / "out.yaml"
    run(folder / "spec.yaml", folder / "tag.yaml", "-o", out)
    before = out.stat()
    run(folder / "spec.yaml", folder / "tag.yaml", "-o", out)
    after = out.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_apply_files_names_the_file_in_its_errors(folder: Path) -> None:
    with pytest.raises(
        OverlayError, match=r"stale\.yaml: actions\[0\]: \$\['gone'\] selects nothing"
    ):
        apply_files(folder / "spec.yaml", [folder / "stale.yaml"], strict_targets=True)
    with pytest.raises(DocumentError, match=r"absent\.yaml: cannot be read"):
        apply_files(folder / "absent.yaml", [])


def test_the_help_says_what_extends_does(command: list[str]) -> None:
    done = subprocess.run(
        [*command, "--help"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    assert "`extends`" in done.stdout
    assert "[SPEC] OVERLAY... -o OUT [--strict-targets]" in done.stdout
