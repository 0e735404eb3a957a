"""XML of elements and attributes, into which any text may go."""

from xml.sax.saxutils import quoteattr

from rules.model.prose import visible


class Element:
    """An element with attributes and other elements in it."""

    def __init__(self, name: str, /, **attributes: str | int) -> None:
        self.name = name
        self.attributes = attributes
        self.inside: list[Element] = []

    def add(self, element: str, /, **attributes: str | int) -> "Element":
        """One more element in this one."""
        self.inside.append(Element(element, **attributes))
        return self.inside[-1]


def written(root: Element) -> str:
    """A document. Characters that XML forbids, and those that nobody sees, are left out."""
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *_lines(root, ""), ""])


def _lines(element: Element, indent: str) -> list[str]:
    said = "".join(f" {k}={quoteattr(visible(str(v)))}" for k, v in element.attributes.items())
    if not element.inside:
        return [f"{indent}<{element.name}{said}/>"]
    inside = [line for each in element.inside for line in _lines(each, f"{indent}  ")]
    return [f"{indent}<{element.name}{said}>", *inside, f"{indent}</{element.name}>"]
