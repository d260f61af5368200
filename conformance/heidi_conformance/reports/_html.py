"""HTML as a tree: what goes in as text comes out as text, whatever it holds."""

from xml.etree import ElementTree as ET  # only written here, never parsed

from heidi_conformance._text import visible

Child = ET.Element | str | None


def h(tag: str, *children: Child, **attributes: str) -> ET.Element:
    """Return an element; `class_` and `aria_label` stand for `class` and `aria-label`."""
    named = {name.rstrip("_").replace("_", "-"): text for name, text in attributes.items()}
    element = ET.Element(tag, {name: visible(text) for name, text in named.items()})
    for child in children:
        if isinstance(child, str):
            append_text(element, visible(child))
        elif child is not None:
            element.append(child)
    return element


def prose(text: str) -> list[Child]:
    """Return a sentence with what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [text]
    return [h("code", part) if index % 2 else part for index, part in enumerate(parts)]


def append_text(element: ET.Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def as_html(root: ET.Element) -> str:
    """Spell a page."""
    return "<!DOCTYPE html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"
