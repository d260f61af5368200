"""Each fault names the code that catches it, each code has words, and each scenario is needed."""

from __future__ import annotations

from collections import Counter

import pytest
from heidi_conformance.client._watch import IDS
from heidi_conformance.client.scenarios import RULES, SCENARIOS
from heidi_conformance.oracle import Violation
from heidi_conformance.reports._clients import SENTENCES, sentence

from .caught import CAUGHT
from .faults import FAULTS


def test_each_fault_names_the_code_that_catches_it() -> None:
    assert {item.id for item in FAULTS} == set(CAUGHT)


@pytest.mark.parametrize("code", sorted({code for code, _ in CAUGHT.values()}))
def test_each_code_has_words_and_a_way_to_fix_it(code: str) -> None:
    rule = RULES[code.partition("/")[0]]
    said = sentence(Violation(code, rule.operation, "x", "y", 1, 2))
    assert all(said)
    assert "{" not in "".join(said)


def test_each_scenario_and_each_watch_catches_two_faults() -> None:
    caught = Counter(code.partition("/")[0] for code, _ in CAUGHT.values())
    assert {item.id for item in SCENARIOS} | IDS <= {id_ for id_, n in caught.items() if n > 1}


def test_every_sentence_belongs_to_a_code_of_a_rule() -> None:
    assert {code.partition("/")[0] for code in SENTENCES} <= {*RULES, "*"}
