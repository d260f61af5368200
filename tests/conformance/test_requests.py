"""What a finding prints is what the judge sent."""

import json
import subprocess
import sys

import jwt
import pytest
from heidi_conformance import _recipes
from heidi_conformance._history import (
    NEAR,
    Bindings,
    Request,
    UnboundError,
    create,
    listing,
    update,
)
from heidi_conformance._recipes import curl, python

SECRET = "a-secret-of-thirty-two-bytes-or-more"
OF_IDS = ("next", "beyond", "double", "exponent", "hexadecimal")
SAMPLES = (
    jwt.encode({"sub": "x", "exp": 2_000_000_000}, SECRET, "HS256"),
    "135814281990413956785027749853284386585",
    "Opaque_token-1",
)
URL = "http://127.0.0.1:1/api"


@pytest.mark.parametrize("near", NEAR)
def test_a_near_miss_is_spelled_as_it_was_sent(near: str) -> None:
    letters = f"import base64, json; A={_recipes.A!r}; x=__import__('sys').argv[1]"
    compared = 0
    for sample in SAMPLES:
        try:
            expected = NEAR[near](sample)
        except UnboundError:
            continue
        program = f"{letters}; print(json.dumps({_recipes.NEAR[near]}))"
        run = [sys.executable, "-c", program, sample]
        shown = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
        assert sample != expected
        if near == "unsigned":
            # Any header that asks for no signature will do.
            shown, expected = shown.partition(".")[2], expected.partition(".")[2]
        elif near == "reissued":
            shown, expected = shown.split(".")[2], expected.split(".")[2]
        assert expected == shown
        compared += 1
    assert compared


def test_every_near_miss_of_a_token_is_another_token() -> None:
    token = SAMPLES[0]
    bound = Bindings({"first": token})
    nears = [name for name in NEAR if name not in OF_IDS]

    for name in nears:
        message = bound.message(
            Request("GET", "/sessions/1", authorization=f"Bearer {{first:{name}}}")
        )
        assert f"Bearer {token}" != dict(message.headers)["Authorization"]


def test_no_token_is_in_a_recipe() -> None:
    requests = (create("s1", {}), update("s1", {"duration": 1}), listing("page_size=1"))

    text = "".join(curl(requests, URL)) + python(requests, URL)
    assert "$HEIDI_TOKEN" in text
    assert 'os.environ["HEIDI_TOKEN"]' in text


def test_a_long_body_is_told_in_short_and_stays_the_same() -> None:
    raw = b'{"duration": 61' + b" " * 100_000 + b"}"
    (line,) = curl([update("s1", raw)], URL)

    assert len(line) < 400
    program = _recipes.literal(raw)
    run = [sys.executable, "-c", f"import sys; sys.stdout.buffer.write({program})"]
    assert raw == subprocess.run(run, check=True, capture_output=True).stdout
