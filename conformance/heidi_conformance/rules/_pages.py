"""The pages of a list: their length, the links between them, and the results of a walk."""
# ruff: noqa: E501  # tables read better in rows

from functools import partial

from heidi_conformance.contract._operations import LIST, OPERATIONS
from heidi_conformance.run._resources import Resources, some

from ._rule import LISTS, NOUN, Script, decided, promised

# The numbers of resources for which walks are tried.
SHELF, SMALL_SHELF, STAGES = 13, 4, (0, 1, 9, 10)
WRONG_SIZES = ("0", "-1", "101", "abc", "1.5", "", "true", "10abc", "-10", "1000", "99999999999999999999999", "1e1", "null", "1_0", "0x10", "%D9%A3", "%EF%BC%95", "5,5", "%20", "NaN", "-0", "1%000", "%2B10", "%2010", "10%20", "10%0A", "10.0", "%C2%B2", "%C2%B9%C2%B2", "all", "max", "10%2C000", "1e0", "0b11", "%E2%91%A0", "%E4%BA%94", "10%3B", "10;", "ten", "101%2F10", "4294967301", "18446744073709551621", "%225%22", "%275%27")  # fmt: skip
WRONG_TOKENS = ("", "no-such-page", "no-such-page-2", "-1", "%D9%A3", "%F0%9F%91%A8", "no-such-page%00", "null", "undefined", "1.5", "0x1", "!!!")  # fmt: skip
# Where a page goes by a number, `{}`.
NEAR_NUMBERS = ("99999999", str(10**30), "0{}", "-{}", "-0", "%2B{}", "%22{}%22", "{}.json", "last")


def documented_pages(on: Resources) -> None:
    """Pages of the sizes that the page shows."""
    for _ in range(3):
        on.new()
    for size in (None, 10, 1, 2):
        on.page(size)


def pager(on: Resources) -> str:
    """Return the user with the fewer resources to walk through."""
    known = on.probe.setting.tokens.keys() - on.probe.setting.unlinked
    return "second" if "second" in known else "first"


def page_lengths(on: Resources) -> None:
    """Walks in pages of every interesting length, exact multiples among them."""
    user, state = pager(on), SHELF if on.first else SMALL_SHELF
    sized = bool(on.operations["list"].size)
    total = on.total(user)
    while total < state and not on.probe.setting.reads:
        on.new(user=user)
        if total in STAGES:
            on.walk(user=user)
            if sized:
                on.walk(1 if total < 2 else 10, user=user)
        total += 1
    total = on.total(user) or total
    around = [total - 3, total - 2, total - 1, total, total + 1, (total + 1) // 2, total // 2]
    usual = [1, 2, 3, 5, 10, *around, 99, 100] if on.first else [1, 2, 3]
    sizes = [size for size in dict.fromkeys(usual) if 0 < size <= (on.most or 0)]
    for size in (*sizes, None):
        # A user of many is not walked to the end in small steps.
        on.walk(size, user=user, pages=45 if total // (size or 10) < 40 else 3)
    for size in (None, None, 2, 2) if sized else (None, None):
        on.page(size, user=user)
    if sized:
        # The size of the page that offered it is not that of a page without one.
        on.try_page(None, "{next}", user=user)


def page_sizes(on: Resources) -> None:
    """Sizes that a page cannot have."""
    user = pager(on)
    for _ in range(2):
        on.new(user=user)
    for text in some(on, WRONG_SIZES, 8) if on.operations["list"].size else ():
        on.page(text, user=user)


def page_tokens(on: Resources) -> None:
    """Pages that no response offered, and such as lie beyond the end."""
    user, known = pager(on), on.probe.bindings.values
    for _ in range(2):
        on.new(user=user)
    # Tokens of existing pages come before invalid ones.
    on.page(1, user=user)
    for text in some(on, WRONG_TOKENS):
        on.page(token=text, user=user)
        on.page(1, text, user=user)
    on.page(1, user=user)
    token = known.get("next", "")
    # A page may be counted in pages, and its number then means another one.
    on.try_page(on.most, "{next}", user=user)
    on.page(1, user=user)
    on.try_page(1, "{next}", user=user)
    if not token:
        return
    if token.isascii() and token.isdigit():
        for text in NEAR_NUMBERS:
            on.page(1, text.format(token), user=user)
    for behind in ("x", "%20OR%201=1", "%20", ";", ".0"):
        if behind != "x" or not token.isdigit():
            known["next"] = token
            on.try_page(1, f"{{next}}{behind}", user=user)
    # A client that lost the response asks again.
    on.page(1, user=user)
    for _ in range(3):
        token = known.get("next", token)
        on.try_page(1, "{next}", user=user)
        known["next"] = token


def write_while_walking(on: Resources) -> None:
    """Creations and updates between the pages of a walk, of resources before and behind."""
    user = pager(on)
    names = [on.new(user=user), *(on.new(None, user=user) for _ in range(6))]

    def write(number: int, *, creates: bool, updates: bool) -> None:
        if creates and (number in (1, 2, 4) or number > 6):
            on.new(user=user)
        if updates:
            for name in (names[0], names[-1], names[number % len(names)]):
                changed = on.fields.change(number, "AZ"[number % 2] * number)
                on.update(name, changed, user=user, pause=0.002)

    size = max(3, on.total(user) // 8)
    if size > (on.most or 0):
        return
    for creates, updates in ((True, False), (False, True), (True, True)):
        on.walk(size, user, partial(write, creates=creates, updates=updates), pages=60)
    on.walk(on.most, user)


def order(on: Resources) -> None:
    """The same request gets the same response, whatever was read in between."""
    user = pager(on)
    names = [on.new(user=user) for _ in range(3)]
    for size in (on.most, 2):
        on.page(size, user=user)
        for name in names:
            on.read(name, user=user)
        on.page(size, user=user)


def beyond_a_page(on: Resources) -> None:
    """More than the longest page holds; the first is still there."""
    user = pager(on)
    first = on.new(user=user)
    for _ in range((on.most or 0) + 1 - on.total(user)):
        on.new(None, user=user)
    on.read(first, user=user)
    on.walk(on.most, user, pages=4)


PAGE = OPERATIONS[LIST].page.spelled
LEAST, MOST, DEFAULT = (
    OPERATIONS[LIST].size.get(word, "any") for word in ("minimum", "maximum", "default")
)
RULES = (
    promised("page-bound", "S7", LISTS, f"a page holds at most {PAGE.size} {NOUN}s", "parameters"),
    decided("page-size", "S7", LISTS, f"{PAGE.size} is an integer from {LEAST} to {MOST}, default {DEFAULT}"),
    decided("page-token", "S7", LISTS, f"a {PAGE.token} of a form that is never issued is 422"),
    decided("counts", "S16", LISTS, f"{PAGE.count} is the number of {NOUN}s in this response"),
    decided("totals", "S16", LISTS, f"{PAGE.total} is the number of {NOUN}s of the caller"),
    decided("next-page", "S16", LISTS, f"{PAGE.more} is true exactly when {PAGE.next} is not null"),
    decided("full-pages", "S16", LISTS, "every page but the last is full"),
    decided("walks", "S16", LISTS, f"a walk ends, and yields each {NOUN} exactly once"),
)  # fmt: skip
LINKED = ("linked",)
SCRIPTS = (
    Script(documented_pages, "documented", ("page-bound",), ("create", "list")),
    Script(page_lengths, "strict", ("counts", "totals", "next-page", "full-pages", "walks", "page-size"), ("create", "list"), LINKED, reads=True),
    Script(page_sizes, "strict", ("page-size",), ("create", "list"), LINKED, reads=True),
    Script(page_tokens, "strict", ("page-token",), ("create", "list"), LINKED, reads=True),
    Script(write_while_walking, "strict", ("walks", "totals"), ("create", "update", "list"), LINKED),
    Script(order, "strict", ("walks", "reading"), ("create", "read", "list"), LINKED),
    Script(beyond_a_page, "strict", ("walks", "next-page", "totals", "created-exists"), ("create", "list"), LINKED, once=True),
)  # fmt: skip
