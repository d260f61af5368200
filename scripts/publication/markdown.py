"""Markdown as HTML: anchors on headings, links that lead to pages of the site, coloured code.

Consecutive snippets in several languages are one snippet with tabs.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pygments
from heidi_spec_tools.documents import DocumentError
from markdown_it import MarkdownIt
from pygments.formatters import HtmlFormatter
from pygments.lexers import find_lexer_class_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from markdown_it.token import Token

    Resolver = Callable[[str], str]

LANGUAGES: Final = {"sh": "curl", "python": "Python", "ts": "TypeScript"}
"""Languages that a reader chooses from, if the same is shown in each."""
LEXERS: Final = {name: find_lexer_class_by_name(name)() for name in (*LANGUAGES, "json", "yaml")}
OUTPUT: Final = frozenset({"json", "text"})
"""Languages of output, which has no button to copy it."""
COLOURED: Final = frozenset(
    (
        "k kn kc kr ow nb s s1 s2 sa sb sd si se sh nf nc nn nt nv ne nd m mi mf mh c c1 cm ch"
    ).split()
)
"""The classes of Pygments that text.css gives a colour."""
TOKEN: Final = re.compile(r'<span class="(\w+)">([^<]*)</span>')
FORMATTER: Final = HtmlFormatter[str](nowrap=True)
FOREIGN: Final = re.compile(r"[a-z]+:")
SENTENCE: Final = re.compile(r".*?\.(?=\s|$)|.*")
ROW: Final = re.compile(r"[A-Z]\d+")
"""The first cell of a row that others cite, such as S7."""
BAR: Final = r"\|"
COMMENT: Final = re.compile(r"^<!--.*?-->\n", re.DOTALL | re.MULTILINE)
LONG: Final = re.compile(r"[\w.]{12,}")
URL_PART: Final = re.compile(r"(?<=\w\.)(?=\w)|(?<=/)(?=[^/])")
NAME_PART: Final = re.compile(r"[\w.]{7,}?(?:[a-z](?=[A-Z])|[._](?=\w))")
LINK: Final = re.compile(r"^```.*?^```$|(?<=\]\()[^)\s]+", re.DOTALL | re.MULTILINE)
"""A block of code, in which nothing is a link, or the address of a link."""


@dataclass(frozen=True)
class Heading:
    """A heading: its level, text and anchor, and the text below it."""

    level: int
    text: str
    anchor: str
    body: str


@dataclass(frozen=True)
class Text:
    """A rendered text. `summary` is its first sentence, without markup.

    markdown: its source, without comments, with links that lead to the Markdown of other pages.
    """

    title: str
    summary: str
    html: str
    markdown: str
    headings: tuple[Heading, ...]


def render(source: str, name: str, resolve: Resolver) -> Text:
    """Render a text.

    Args:
        source: Markdown that starts with a heading.
        name: what to call it in an error.
        resolve: turns the address of a link into one of the site; raises KeyError for one without
            a target.

    Raises:
        DocumentError: the text has no title, or a link without a target.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_inline", _code)
    source = COMMENT.sub("", source)
    tokens = parser.parse(source)
    if not tokens or (tokens[0].type, tokens[0].tag) != ("heading_open", "h1"):
        raise DocumentError(f"{name}: has no title; start it with a line `# ...`")
    headings = tuple(_anchored(tokens))
    for token in _walk(tokens):
        if token.type == "link_open":
            _lead(token, name, resolve)
    _name_rows(tokens)
    _name_tables(tokens)
    _name_contents(tokens)
    _group(tokens)
    rendered = parser.renderer.render(tokens, parser.options, {})
    summary = SENTENCE.match(headings[0].body)
    markdown = LINK.sub(lambda found: _markdown_address(found[0], resolve), source)
    return Text(headings[0].text, summary[0] if summary else "", rendered, markdown, headings)


def anchor(text: str) -> str:
    """Return the anchor of a heading, as the places that show Markdown make it."""
    return re.sub(r"[^\w -]", "", text).lower().replace(" ", "-")


def cell(text: str) -> str:
    """Write a text as a cell of a table."""
    return " ".join(text.split()).replace("|", BAR)


def _anchored(tokens: Sequence[Token]) -> Iterable[Heading]:
    starts = [index for index, token in enumerate(tokens) if token.type == "heading_open"]
    taken: Counter[str] = Counter()
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        text = _plain(tokens[start + 1])
        name = anchor(text)
        unique = f"{name}-{taken[name]}" if taken[name] else name
        taken[name] += 1
        tokens[start].attrSet("id", unique)
        below = (_plain(token) for token in tokens[start + 3 : end])
        body = "\n".join(filter(None, below))
        yield Heading(int(tokens[start].tag[1]), text, unique, body)


def _plain(token: Token) -> str:
    if token.type == "fence":
        return token.content.strip()
    kept = (child for child in token.children or [] if child.type != "image")
    return "".join(" " if child.type == "softbreak" else child.content for child in kept)


def _walk(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or [])


def _lead(token: Token, name: str, resolve: Resolver) -> None:
    address = str(token.attrGet("href"))
    if FOREIGN.match(address):
        token.attrSet("rel", "noreferrer")
        return
    try:
        token.attrSet("href", _address(address, resolve))
    except KeyError as error:
        raise DocumentError(f"{name}: the link {address} leads to no page; fix it") from error


def _address(address: str, resolve: Resolver) -> str:
    path, sharp, fragment = address.partition("#")
    return (resolve(path) if path else "") + sharp + fragment


def _markdown_address(found: str, resolve: Resolver) -> str:
    if found.startswith("```") or FOREIGN.match(found):
        return found
    page, sharp, fragment = _address(found, resolve).partition("#")
    return markdown_of(page) + sharp + fragment


def markdown_of(page: str) -> str:
    """Return the file that holds a page as Markdown, as llmstxt.org names it; others stay."""
    return f"{page}.md" if page.endswith(".html") else page


def _name_rows(tokens: Sequence[Token]) -> None:
    for row, _cell, content in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if row.type == "tr_open" and ROW.fullmatch(content.content):
            row.attrSet("id", content.content)


def _name_tables(tokens: Sequence[Token]) -> None:
    """Name each table after the heading above it, and let no heading of a column be empty."""
    above = ""
    named: Counter[str] = Counter()
    for token, inner, close in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.type == "heading_open":
            above = _plain(inner)
        elif token.type == "table_open":
            named[above] += 1
            token.meta["name"] = f"{above}, {named[above]}" if named[above] > 1 else above
        elif token.type == "th_open" and not inner.content:
            token.tag = close.tag = "td"


def _name_contents(tokens: Sequence[Token]) -> None:
    """Mark a list of links to headings of the same page, which is also beside the text."""
    for start, opened in enumerate(tokens):
        if opened.type == "bullet_list_open":
            ends = (at for at, each in enumerate(tokens) if each.type == "bullet_list_close")
            below = tokens[start : next(at for at in ends if at > start)]
            items = [each.children or [] for each in below if each.type == "inline"]
            links = [str(item[0].attrGet("href")) for item in items if len(item) == 3]
            if len(links) == len(items) and all(link.startswith("#") for link in links):
                opened.attrSet("class", "inside")


def _table_open(
    _renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object
) -> str:
    name = html.escape(tokens[index].meta["name"])
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


def _group(tokens: Sequence[Token]) -> None:
    """Mark the first and the last of consecutive snippets in several languages."""
    run: list[Token] = []
    for token in (*tokens, None):
        if token and token.info in LANGUAGES and token.info not in {each.info for each in run}:
            run.append(token)
            continue
        if len(run) > 1:
            run[0].meta["first"] = run[-1].meta["last"] = True
            for each in run:
                each.meta["label"] = LANGUAGES[each.info]
        run = [token] if token and token.info in LANGUAGES else []


def _code(
    _renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object
) -> str:
    return f"<code>{breakable(tokens[index].content)}</code>"


def breakable(text: str) -> str:
    """Write a text as HTML in which a URL or a long name may go on in the next line."""
    escaped = html.escape(text)
    if FOREIGN.match(text):
        return URL_PART.sub("<wbr>", escaped)
    return NAME_PART.sub(r"\g<0><wbr>", escaped) if LONG.fullmatch(text) else escaped


def _fence(
    _renderer: object, tokens: Sequence[Token], index: int, _options: object, _env: object
) -> str:
    token = tokens[index]
    shown = _snippet(token.content, token.info, token.meta.get("label", ""))
    opened = '<div class="tabs">\n' if token.meta.get("first") else ""
    return opened + shown + ("</div>\n" if token.meta.get("last") else "")


def _snippet(code: str, language: str, label: str) -> str:
    lexer = LEXERS.get(language)
    text = pygments.highlight(code, lexer, FORMATTER) if lexer else html.escape(code)
    text = TOKEN.sub(lambda found: found[0] if found[1] in COLOURED else found[2], text)
    kind = "output" if language in OUTPUT else "code"
    caption = f"<figcaption>{label}</figcaption>" if label else ""
    body = f'<pre tabindex="0"><code>{text}</code></pre>'
    return f'<figure class="{kind}">{caption}{body}</figure>\n'
