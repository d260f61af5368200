"""JSON is read the same with and without msgspec, and no digit is lost."""

import json
import sys
from collections.abc import Callable, Generator
from typing import Any

import pytest
from heidi_sessions import _json
from hypothesis import given
from hypothesis import strategies as st

Read = Callable[[bytes], object]

# Near the limits of 64 bits, beyond them, and as long as ids.
INTEGERS = st.integers() | st.integers(10**17, 10**20) | st.integers(-(10**39), 10**39)
DIGITS = INTEGERS.map(str)
SCALARS = st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False) | st.text() | DIGITS
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
SPACES = st.sampled_from([None, 0, 1, "\t"])


@pytest.fixture
def without_msgspec(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    monkeypatch.setitem(sys.modules, "msgspec", None)
    _json._parser.cache_clear()
    yield
    _json._parser.cache_clear()


def test_msgspec_reads_where_it_is_installed_and_the_standard_library_elsewhere(
    without_msgspec: None,
) -> None:
    assert _json._load is _json._parser()
    sys.modules.pop("msgspec")
    _json._parser.cache_clear()
    assert _json._load is not _json._parser()


def outcome(read: Read, content: bytes) -> object:
    try:
        return repr(read(content))
    except ValueError:
        return ValueError
    except RecursionError:
        return RecursionError


@given(document=DOCUMENTS, indent=SPACES)
def test_both_readers_read_a_document_alike(document: Any, indent: int | str | None) -> None:
    content = json.dumps(document, indent=indent).encode()
    assert outcome(_json._load, content) == outcome(_json._parser(), content)


@pytest.mark.parametrize(
    "content",
    [
        b'{"sessions":[{"x":123456789012345678901234567890}]}',
        b'{"next": -18446744073709551617}',
        b'["1234567890123456789012345", 18446744073709551616]',
        b"[1,\r\n\t9007199254740993]",
        b"340282366920938463463374607431768211456",
        b'{"a":"\\ud800"}',
        b'{"a": 1, "a": 2}',
        b"[0.1, 1e400]",
        b"[1e-400, -0.0, -0]",
        b"[123456789012345678901.5]",
        b"[NaN]",
        b"[Infinity]",
        b"[" * 3000 + b"]" * 3000,
        b"[" * 300000 + b"]" * 300000,
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"",
    ],
    ids=range(17),
)
def test_both_readers_agree_where_parsers_differ(content: bytes) -> None:
    assert outcome(_json._load, content) == outcome(_json._parser(), content)


def test_an_integer_of_any_length_is_exact_at_any_place() -> None:
    number = 135814281990413956785027749853284386585
    read = _json.load(b'{"a":[{"b":%d}],"c":"%d"}' % (number, number))
    assert {"a": [{"b": number}], "c": str(number)} == read
