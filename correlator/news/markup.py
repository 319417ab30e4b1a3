"""Parse untrusted XML without entities and within limits of size and depth."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from correlator.base.source_limits import DEEPEST, MOST_TAGS, check_markup
from correlator.base.syntax import xml_fault
from correlator.errors import InputError

MAX_BYTES = 16_000_000
_DECLARATION = re.compile(rb"^\s*<\?xml\s[^>]*\?>")
# The last of nested declarations decides, so that each character is looked at once.
_ENTITY = re.compile(rb"<!ENTITY|<!DOCTYPE(?:(?!<!DOCTYPE)[^>\[])*+\[", re.IGNORECASE)
_PREFIX, MOST_PREFIXES = re.compile(rb"xmlns:([\w.-]+)"), 200


def plain_xml(text: str, source: str) -> bytes:
    """Return a text as UTF-8 without an XML declaration, so that no encoding hides what is searched for.

    Raises InputError for entities, and for tags, namespaces or attributes over the limits.
    """
    clean = _DECLARATION.sub(b"", text.replace("\x00", "").encode("utf-8", "replace"))
    if clean.count(b"<") > MOST_TAGS:
        raise InputError(f"{source} has more than {MOST_TAGS:,} tags, the limit", hint="split it")
    check_markup(clean.decode(), source)
    if _ENTITY.search(clean):
        raise InputError(f"{source} declares XML entities, which are not supported")
    if len(set(_PREFIX.findall(clean))) > MOST_PREFIXES:
        raise InputError(f"{source} has more than {MOST_PREFIXES} namespaces, the limit")
    return clean


def tree_of(clean: bytes, source: str, what: str) -> ElementTree.Element:
    """Parse the result of ``plain_xml``. Raises InputError, whose message calls the source ``what``."""
    try:
        root = ElementTree.fromstring(clean)
    except ElementTree.ParseError as error:
        fault = xml_fault(error)
        raise InputError(f"{source} is not valid as {what}: {fault}", hint="fetch it again") from None
    level = [root]
    for _ in range(DEEPEST):
        level = [child for element in level for child in element]
    if level:
        raise InputError(f"{source} is nested deeper than {DEEPEST} levels, the limit")
    return root


def local_name(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace; empty for comments and instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def text_within(element: ElementTree.Element | None) -> str:
    """Return the text of an element on one line; empty for None."""
    return "" if element is None else " ".join("".join(element.itertext()).split())
