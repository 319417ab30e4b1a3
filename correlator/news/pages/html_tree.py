"""Parse a page's markup with lxml; find its visible lines and the parts that do not belong to the article."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lxml import etree, html

from correlator.base.source_limits import check_markup
from correlator.errors import InputError

MAX_TEXT = 4_000_000
_SILENT = frozenset(("script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select"))
EMPHASIS = frozenset(
    ("a", "abbr", "b", "bdi", "cite", "em", "font", "i", "mark", "small", "strong", "sub", "sup", "u", "wbr")
)
"""Elements that occur within words as well as between words."""
_ASIDE_TAGS = frozenset(("aside", "nav", "footer", "form"))
_ASIDE = re.compile(
    r"(?i)(?:^|[\s_\-])(?:related|relatedposts|recommend\w*|most-?(?:read|viewed|popular)|popular|trending|sidebar|side-bar"
    r"|comments?|commentlist|widget|latest|more-news|teasers?|read-?(?:more|next|also)|also-read|promo|newsletter|breadcrumbs?"
    r"|menu|navbar|ticker|carousel|recirc\w*|outbrain|taboola)(?:$|[\s_\-])"
)
# Class names that state for the whole page whether it has a sidebar.
_LAYOUT = re.compile(r"(?i)\b(?:no|without|with|has|hide)[\-_](?:left[\-_]|right[\-_])?side-?bar\b")


def parse_tree(text: str) -> html.HtmlElement:
    """Parse a page's text; an empty page gives an empty tree. Raises InputError if it cannot be parsed."""
    check_markup(text, "the page")
    raw = (text[:MAX_TEXT] or " ").encode(
        "utf-8", "replace"
    )  # as bytes, since lxml refuses str with an XML declaration
    try:
        return html.document_fromstring(raw, parser=html.HTMLParser(encoding="utf-8", remove_comments=True))
    except etree.ParserError:  # nothing but comments
        return html.document_fromstring("<html><body></body></html>")
    except (etree.LxmlError, ValueError, AssertionError, RecursionError) as error:
        raise InputError(f"the page is not valid HTML: {error}") from None


def visible_lines(root: html.HtmlElement) -> list[str]:
    """Return the lines a browser shows, with single spaces; only emphasis tags do not split a word."""
    parts: list[str] = []
    for event, element in etree.iterwalk(_body(root), events=("start", "end")):
        if not isinstance(element.tag, str):
            if event == "end":
                parts.append(element.tail or "")
            continue
        silent = _within_silence(element)
        if event == "start":
            parts.append(_gap(element.tag) + ("" if silent else element.text or ""))
        else:
            parts.append(_gap(element.tag) + ("" if silent and element.tag not in _SILENT else element.tail or ""))
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return [line for line in lines if line]


def text_of(element: html.HtmlElement) -> str:
    """Return the text of an element on one line."""
    return " ".join("".join(element.itertext()).split())


def aside_of(element: html.HtmlElement) -> bool:
    """Whether an element is in a list of other items, navigation, comments and the like, by tag and class names."""
    for each in (element, *element.iterancestors()):
        if not isinstance(each.tag, str) or each.tag in ("body", "html", "main"):
            return False
        names = _LAYOUT.sub("", f"{each.get('class', '')} {each.get('id', '')}")
        if each.tag in _ASIDE_TAGS or _ASIDE.search(names):
            return True
    return False


def _body(root: html.HtmlElement) -> html.HtmlElement:
    body = root.find("body")
    return root if body is None else body


def _gap(tag: str) -> str:
    """Return the separator that a tag puts between words: none for emphasis, else a space or a line break."""
    if tag in EMPHASIS:
        return ""
    return " " if tag in ("span", "td", "th", "label", "button", "img", "time", "input") else "\n"


def _within_silence(element: html.HtmlElement) -> bool:
    return element.tag in _SILENT or any(each.tag in _SILENT for each in element.iterancestors())


def meta_values(root: html.HtmlElement) -> Iterator[tuple[str, str]]:
    """Yield lower-case name and content of every meta tag outside microdata scopes, in order."""
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop")
        content = element.get("content")
        if name and content and content.strip() and not _scoped(element):
            yield name.strip().lower(), " ".join(content.split())
            if name == "parsely-page":
                yield from _parsely(content)


def _parsely(content: str) -> Iterator[tuple[str, str]]:
    """Yield the values in the JSON of Parse.ly's older tag, by the names of its newer tags."""
    try:
        stated = json.loads(content)
    except (ValueError, RecursionError):
        return
    for ours, theirs in (("parsely-pub-date", "pub_date"), ("parsely-title", "title")):
        if isinstance(stated, dict) and isinstance(stated.get(theirs), str):
            yield ours, stated[theirs]


def _scoped(element: html.HtmlElement) -> bool:
    """Whether a meta tag with ``itemprop`` belongs to a microdata scope, so that it does not describe the page."""
    return bool(element.get("itemprop")) and any(
        each.get("itemscope") is not None or each.tag == "body" for each in element.iterancestors()
    )
