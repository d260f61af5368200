"""Every violation has words, and no words are left over."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

import heidi_conformance.oracle
import heidi_conformance.rules
import pytest
from heidi_conformance.contract._operations import LIST, OPERATIONS
from heidi_conformance.oracle import Violation
from heidi_conformance.reports._sentences import SENTENCES, sentence
from heidi_conformance.rules import RULES

ANY = "*"


def codes() -> Iterator[str]:
    """Yield the codes in the source of the judge; `*` stands for what a run puts into one."""
    for package in (heidi_conformance.oracle, heidi_conformance.rules):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for node in ast.walk(ast.parse(inspect.getsource(import_module(module.name)))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                elif isinstance(node, ast.JoinedStr):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else ANY
                        for part in node.values
                    )


WRITTEN = {code for code in codes() if re.fullmatch(r"[a-z*-]+(/[a-z*-]+)?", code)}
# Values that are not one number.
GOT = {"walks/again": (1, 2)}
# The rule of a code, and how it is broken, may depend on what happened.
RULE = r"[a-z-]+"


def written(code: str) -> bool:
    """Whether the source has a code, or the pattern that a run fills in."""
    patterns = (re.escape(known).replace(r"\*", RULE) for known in WRITTEN)
    return any(re.fullmatch(pattern, code.replace(ANY, "any")) for pattern in patterns)


@pytest.mark.parametrize("code", SENTENCES)
def test_every_sentence_belongs_to_a_code_of_the_judge(code: str) -> None:
    rule = code.partition("/")[0]
    assert rule == ANY or written(rule)
    assert written(code)


# A violation without its own words is described by its rule.
OWN = sorted(code for code in WRITTEN if ANY not in code and ("/" in code or code in SENTENCES))


@pytest.mark.parametrize("code", [code for code in OWN if code.partition("/")[0] in RULES])
def test_every_code_has_words(code: str) -> None:
    said = sentence(
        Violation(code, LIST, field="a_field", detail="500", expected=1, got=GOT.get(code, 2))
    )

    assert said.title.startswith(f"{LIST} ")
    assert "breaks the rule" not in said.title
    assert not re.search(r"[{}]", f"{said.title} {said.expected} {said.got}")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_many_fields_are_represented_by_the_first(operation: str) -> None:
    violation = Violation("no-coercion/accepted", operation, detail="string", expected=[422])
    said = sentence(violation, [f"field{number}" for number in range(9)])

    assert "`field5` and 3 more" in said.title
    assert "422" == said.expected
