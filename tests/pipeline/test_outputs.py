"""Generated folders are replaced completely, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.library.outputs import differences, replace

FILES = {"a.txt": b"a", "sub/b.txt": b"b"}


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_folder_gets_every_file_and_names_them(tmp_path: Path) -> None:
    assert ["a.txt", "sub/b.txt"] == replace(tmp_path / "new" / "out", FILES)
    assert content(tmp_path / "new" / "out") == FILES


def test_a_stale_file_is_removed_and_counts_as_a_change(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    replace(folder, {**FILES, "stale.txt": b"old"})
    assert differences(folder, FILES) == ["stale.txt"]
    assert replace(folder, FILES) == ["stale.txt"]
    assert content(folder) == FILES


def test_a_changed_and_a_missing_file_are_differences(tmp_path: Path) -> None:
    replace(tmp_path / "out", {"a.txt": b"other"})
    assert differences(tmp_path / "out", FILES) == ["a.txt", "sub/b.txt"]


def test_a_folder_with_the_same_content_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    replace(folder, FILES)
    before = [folder.stat().st_ino, (folder / "a.txt").stat().st_mtime_ns]
    assert replace(folder, FILES) == []
    assert before == [folder.stat().st_ino, (folder / "a.txt").stat().st_mtime_ns]


def test_compiled_python_does_not_count(tmp_path: Path) -> None:
    replace(tmp_path / "out", FILES)
    (tmp_path / "out" / "__pycache__").mkdir()
    (tmp_path / "out" / "__pycache__" / "a.pyc").write_bytes(b"x")
    assert differences(tmp_path / "out", FILES) == []


def test_a_failed_write_leaves_the_old_folder_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    replace(folder, FILES)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        replace(folder, {"a.txt": b"new"})
    monkeypatch.undo()
    assert content(folder) == FILES
    assert list(tmp_path.iterdir()) == [folder]


def test_a_failed_swap_brings_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    replace(folder, FILES)
    rename = Path.rename

    def fail_for_the_new_one(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    with pytest.raises(OSError, match="Input/output"):
        replace(folder, {"a.txt": b"new"})
    assert content(folder) == FILES
