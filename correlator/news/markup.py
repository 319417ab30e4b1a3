"""XML of others as a tree: whatever its encoding, without entities, and no more of it than a feed or a dispatch has."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from correlator.base.source_limits import DEEPEST, MOST_TAGS, check_markup
from correlator.base.syntax import xml_fault
from correlator.errors import InputError
from correlator.news.charset import decode

MAX_BYTES = 16_000_000
_DECLARATION = re.compile(rb"^\s*<\?xml\s[^>]*\?>")
# Of several declarations in one another the last tells: each character is looked at once.
_ENTITY = re.compile(rb"<!ENTITY|<!DOCTYPE(?:(?!<!DOCTYPE)[^>\[])*+\[", re.IGNORECASE)
_PREFIX, MOST_PREFIXES = re.compile(rb"xmlns:([\w.-]+)"), 200


def plain_xml(raw: bytes, source: str) -> bytes:
    """The bytes as UTF-8 without a declaration, so that no encoding hides what is looked for.

    Raises InputError for entities, and for more tags, namespaces or attributes than anything has.
    """
    clean = _DECLARATION.sub(b"", decode(raw).replace("\x00", "").encode("utf-8", "replace"))
    if clean.count(b"<") > MOST_TAGS:
        raise InputError(f"{source} has more than {MOST_TAGS:,} tags, which no feed has", hint="split it")
    check_markup(clean.decode(), source)
    if _ENTITY.search(clean):
        raise InputError(f"{source} declares XML entities, which a feed has no use for")
    if len(set(_PREFIX.findall(clean))) > MOST_PREFIXES:
        raise InputError(f"{source} has more than {MOST_PREFIXES} namespaces, which no feed has")
    return clean


def tree_of(clean: bytes, source: str, what: str) -> ElementTree.Element:
    """The tree of what ``plain_xml`` gave. Raises InputError that calls it ``what``."""
    try:
        root = ElementTree.fromstring(clean)
    except ElementTree.ParseError as error:
        fault = xml_fault(error)
        raise InputError(f"{source} is not {what} that can be read: {fault}", hint="fetch it again") from None
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
    if level:
        raise InputError(f"{source} is nested deeper than {DEEPEST} levels, the limit")
    return root


def local_name(element: ElementTree.Element) -> str:
    """The name of an element without its namespace; empty for comments and instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def text_within(element: ElementTree.Element | None) -> str:
    """All text of an element on one line; empty for None."""
    return "" if element is None else " ".join("".join(element.itertext()).split())
