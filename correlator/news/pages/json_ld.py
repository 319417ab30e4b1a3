"""Read the JSON-LD of a page: nodes of its article, but not of a list, video, comment or other story."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape

from lxml import html

Node = Mapping[str, object]

_ARTICLE = re.compile(
    r"(?i)^(?:https?://schema\.org/|schema:)?(?:\w*article|blogposting|liveblogposting|report|socialmediaposting"
    r"|discussionforumposting)$"
)
_CHECK = re.compile(r"(?i)^(?:https?://schema\.org/|schema:)?claimreview$")  # how fact checkers mark an article
_PAGE = re.compile(r"(?i)^(?:https?://schema\.org/|schema:)?(?:web|item|about|collection|profile)?page$")
_DEEPEST = 20


@dataclass(frozen=True)
class LinkedData:
    """Article nodes that are not nested in another object, and nodes of the page itself."""

    articles: tuple[Node, ...] = ()
    pages: tuple[Node, ...] = ()
    names: tuple[str, ...] = field(default=())
    """Names of publisher and site stated in any node."""
    by_id: Mapping[str, Node] = field(default_factory=dict)
    """Nodes that others reference."""


def linked_data(root: html.HtmlElement) -> LinkedData:
    """Read the JSON-LD scripts of a page."""
    nodes: list[Node] = []
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            nodes += [node for value in _values(script.text or "") for node in _independent(value)]
    articles = tuple(
        node for node in nodes if _has_type(node, _ARTICLE) or ("@type" not in node and "datePublished" in node)
    )
    articles = articles or tuple(node for node in nodes if _has_type(node, _CHECK))
    pages = tuple(node for node in nodes if _has_type(node, _PAGE))
    by_id = {identity: node for node in nodes if "name" in node and isinstance(identity := node.get("@id"), str)}
    return LinkedData(articles, pages, tuple(_names(nodes)), by_id)


def text_at(node: Node, *names: str) -> str:
    """Return the text of the first of ``names`` that a node has: of a list its first item, of an object its value."""
    for name in names:
        value = node.get(name)
        while isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            value = value.get("@value") or value.get("@id") or value.get("url") or value.get("name")
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            return " ".join(unescape(unescape(str(value))).split())
    return ""


def people_of(node: Node, known: Mapping[str, Node], name: str = "author") -> list[str]:
    """Return the names of people or organisations at ``name``, in order; references are resolved with ``known``."""
    value = node.get(name)
    names: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        person = known.get(str(item.get("@id")), item) if isinstance(item, dict) and "name" not in item else item
        stated = person.get("name") if isinstance(person, Mapping) else person
        names += map(str, stated if isinstance(stated, list) else [stated or ""])
    return [" ".join(unescape(text).split()) for text in names if text.strip()]


def addresses_of(node: Node) -> list[str]:
    """Return the addresses that identify a node."""
    return [text for text in (text_at(node, name) for name in ("url", "mainEntityOfPage", "@id")) if text]


def _values(text: str) -> Iterator[object]:
    """Yield the values of a script; small errors in its JSON are repaired."""
    clean = re.sub(
        r"^\s*(?:<!--|//<!\[CDATA\[|/\*<!\[CDATA\[\*/|<!\[CDATA\[)|(?:-->|//\]\]>|/\*\]\]>\*/|\]\]>)\s*$", "", text
    )
    for attempt in (clean, _repaired(clean), _repaired(unescape(clean))):
        try:
            yield json.loads(attempt.strip().rstrip(";"), strict=False)
            return
        except (ValueError, RecursionError):
            continue
    yield from _single(clean)


def _repaired(text: str) -> str:
    """Remove commas before a closing bracket and comment lines, and escape lone backslashes."""
    text = re.sub(r"(?m)^[^\S\n]*+//.*$", "", text)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    return re.sub(r'\\(?!["\\/bfnrtu])', r"\\\\", text)


def _single(text: str) -> Iterator[object]:
    """Yield the article in JSON that cannot be repaired, if it contains a single object with a date."""
    if len(re.findall(r'"datePublished"\s*:', text)) != 1 or re.search(
        r'"(?:ItemList|VideoObject|Comment|Review)"', text
    ):
        return
    kind = re.search(r'"@type"\s*:\s*"(\w*Article|BlogPosting)"', text)
    if kind:
        values = (
            (name, re.search(rf'"{name}"\s*:\s*"([^"]{{1,300}})"', text))
            for name in ("headline", "datePublished", "dateModified")
        )
        yield {"@type": kind[1], **{name: match[1] for name, match in values if match}}


def _independent(value: object, depth: int = 0) -> Iterator[Node]:
    """Yield the nodes at the top level, in a graph, or as the main entity of a page."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _independent(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        yield from _independent(value.get("@graph"), depth + 1)
        for name in ("mainEntity", "mainEntityOfPage"):
            inner = value.get(name)
            if isinstance(inner, dict) and not (name == "mainEntityOfPage" and _has_type(value, _PAGE)):
                yield from _independent(inner, depth + 1)


def _has_type(node: Node, pattern: re.Pattern[str]) -> bool:
    kinds = node.get("@type")
    each: Sequence[object] = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(kind, str) and pattern.match(kind) for kind in each)


def _names(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        for value in (node.get("publisher"), node.get("isPartOf"), node.get("sourceOrganization")):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and text_at(item, "name"):
                    yield text_at(item, "name")
        if _has_type(node, re.compile(r"(?i)^(?:website|newsmediaorganization|organization)$")) and text_at(
            node, "name"
        ):
            yield text_at(node, "name")
