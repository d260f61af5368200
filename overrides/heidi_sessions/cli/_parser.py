from __future__ import annotations

import argparse
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

_WRONG: Final = re.compile(r"argument (\S+): invalid choice: '([^']*)'")

_WANTING: Final = re.compile(r"argument (--\S+): expected one argument")


class Parser(argparse.ArgumentParser):
    """Parses arguments, and says what a wrong one may have meant."""

    def parse_known_args(self, *arguments: Any, **named: Any) -> Any:
        """Parse arguments; what a command does not know is an error of its own parser."""
        parsed, rest = super().parse_known_args(*arguments, **named)
        if rest:
            # The value of a misspelt option may be a secret.
            word = rest[0].partition("=")[0]
            unknown = word if word.startswith("-") else "an argument without an option"
            super().error(f"unknown: {unknown}{closest(word, self._option_string_actions)}")
        return parsed, rest

    def error(self, message: str) -> NoReturn:
        """End the program with 2, a usage line and what is wrong."""
        meant = ""
        if wrong := _WRONG.search(message):
            name, choice = wrong.groups()
            meant = closest(choice, self._of(name))
        if wanting := _WANTING.search(message):
            meant = f"; a value that begins with - is written {wanting[1]}=-…"
        super().error(message + meant)

    def _of(self, name: str) -> list[str]:
        """Return the words that an argument accepts."""
        found: list[str] = []
        for action in self._actions:
            if name in ("/".join(action.option_strings), action.metavar, action.dest):
                found += map(str, action.choices or ())
        return found


class Completion(argparse.Action):
    """Prints what completes the words of a parser in a shell, and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, *arguments: Any) -> NoReturn:
        """Print it for the shell that was named."""
        try:
            import shtab  # noqa: PLC0415  # the extra [cli]
        except ImportError:
            parser.exit(2, f"{parser.prog}: needs the extra heidi-sessions[cli]\n")
        _, shell, _ = arguments
        print(shtab.complete(parser, shell))
        parser.exit()


def closest(word: str, known: Iterable[str]) -> str:
    """Ask whether another word was meant; nothing where none is close."""
    found = get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]}?" if found else ""
