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
# What is not told by one number.
GOT = {"walks/again": (1, 2)}
# Of a code, the rule and how it is broken may each be told by what happened.
RULE = r"[a-z-]+"


def written(code: str) -> bool:
    """Whether the source has a code, or one that a run makes it of."""
    patterns = (re.escape(known).replace(r"\*", RULE) for known in WRITTEN)
    return any(re.fullmatch(pattern, code.replace(ANY, "any")) for pattern in patterns)


@pytest.mark.parametrize("code", SENTENCES)
def test_no_sentence_is_about_what_the_judge_never_says(code: str) -> None:
    rule = code.partition("/")[0]
    assert rule == ANY or written(rule)
    assert written(code)


# A rule without words of its own for a violation is told by what it asks for.
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
def test_many_fields_are_told_by_the_first(operation: str) -> None:
    violation = Violation("no-coercion/accepted", operation, detail="string", expected=[422])
    said = sentence(violation, [f"field{number}" for number in range(9)])

    assert "`field5` and 3 more" in said.title
    assert "422" == said.expected
