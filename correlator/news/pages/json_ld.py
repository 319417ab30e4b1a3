"""The JSON-LD of a page: the node that is the page's article, and no node of a list, video, comment or other story."""

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
_CHECK = re.compile(r"(?i)^(?:https?://schema\.org/|schema:)?claimreview$")  # how checkers of facts mark an article
_PAGE = re.compile(r"(?i)^(?:https?://schema\.org/|schema:)?(?:web|item|about|collection|profile)?page$")
_DEEPEST = 20


@dataclass(frozen=True)
class LinkedData:
    """Article nodes that stand for themselves (not within another thing), and nodes of the page itself."""

    articles: tuple[Node, ...] = ()
    pages: tuple[Node, ...] = ()
    names: tuple[str, ...] = field(default=())
    """Names of publisher and site that any node states."""
    by_id: Mapping[str, Node] = field(default_factory=dict)
    """Nodes to which others refer."""


def linked_data(root: html.HtmlElement) -> LinkedData:
    """What the JSON-LD scripts of a page state."""
    nodes: list[Node] = []
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or "").lower():
            nodes += [node for value in _values(script.text or "") for node in _own(value)]
    articles = tuple(
        node for node in nodes if _has_type(node, _ARTICLE) or ("@type" not in node and "datePublished" in node)
    )
    articles = articles or tuple(node for node in nodes if _has_type(node, _CHECK))
    pages = tuple(node for node in nodes if _has_type(node, _PAGE))
    by_id = {identity: node for node in nodes if "name" in node and isinstance(identity := node.get("@id"), str)}
    return LinkedData(articles, pages, tuple(_names(nodes)), by_id)


def text_at(node: Node, *names: str) -> str:
    """The text of the first of ``names`` that a node states; lists give their first, objects their value."""
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
    """Names of the people or organisations at ``name``, in order; of those that are only referred to, by ``known``."""
    value = node.get(name)
    names: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        person = known.get(str(item.get("@id")), item) if isinstance(item, dict) and "name" not in item else item
        stated = person.get("name") if isinstance(person, Mapping) else person
        names += map(str, stated if isinstance(stated, list) else [stated or ""])
    return [" ".join(unescape(text).split()) for text in names if text.strip()]


def addresses_of(node: Node) -> list[str]:
    """Addresses by which a node calls itself."""
    return [text for text in (text_at(node, name) for name in ("url", "mainEntityOfPage", "@id")) if text]


def _values(text: str) -> Iterator[object]:
    """What a script holds; small faults of its JSON are mended, others leave it out."""
    clean = re.sub(
        r"^\s*(?:<!--|//<!\[CDATA\[|/\*<!\[CDATA\[\*/|<!\[CDATA\[)|(?:-->|//\]\]>|/\*\]\]>\*/|\]\]>)\s*$", "", text
    )
    for attempt in (clean, _mended(clean), _mended(unescape(clean))):
        try:
            yield json.loads(attempt.strip().rstrip(";"), strict=False)
            return
        except (ValueError, RecursionError):
            continue
    yield from _single(clean)


def _mended(text: str) -> str:
    """Without commas before a closing bracket, comments in their own lines, and lone backslashes."""
    text = re.sub(r"(?m)^[^\S\n]*+//.*$", "", text)
    text = re.sub(r",(\s*[}\]])", r"\1", text)
    return re.sub(r'\\(?!["\\/bfnrtu])', r"\\\\", text)


def _single(text: str) -> Iterator[object]:
    """The article of JSON that cannot be mended, where it names only one thing with a date."""
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


def _own(value: object, depth: int = 0) -> Iterator[Node]:
    """The nodes that stand for themselves: at the top, in a graph, or as what a page is about."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _own(item, depth + 1)
    elif isinstance(value, dict):
        yield value
        yield from _own(value.get("@graph"), depth + 1)
        for name in ("mainEntity", "mainEntityOfPage"):
            inner = value.get(name)
            if isinstance(inner, dict) and not (name == "mainEntityOfPage" and _has_type(value, _PAGE)):
                yield from _own(inner, depth + 1)


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
