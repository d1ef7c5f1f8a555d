"""XML, written by a library that escapes what we put into it."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Tree

XLINK = "http://www.w3.org/1999/xlink"


class Writer:
    """An element with its children; names may have one of the prefixes that the root declared."""

    def __init__(self, name: str, spaces: Mapping[str, str] | None = None, /, **attributes: str) -> None:
        declared = {f"xmlns:{prefix}" if prefix else "xmlns": uri for prefix, uri in (spaces or {}).items()}
        self._element = Tree.Element(name, declared | attributes)

    def add(self, name: str, text: object = None, /, **attributes: str) -> "Writer":
        """A child, which can have children of its own."""
        child = Writer(name, **attributes)
        child._element.text = None if text is None else str(text)
        self._element.append(child._element)
        return child

    def link(self, name: str, address: str, /, **attributes: str) -> "Writer":
        """A child that is an address."""
        return self.add(name, **attributes, **{"xlink:type": "simple", "xlink:href": address})

    def each(self, values: Mapping[str, object]) -> "Writer":
        """Children with text, by name."""
        for name, text in values.items():
            self.add(name, text)
        return self

    def bytes(self) -> bytes:
        """The document."""
        text: Any = Tree.tostring(self._element, encoding="utf-8", xml_declaration=True)
        return bytes(text)
