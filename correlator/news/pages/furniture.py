"""Remove parts of a page that are not the article's text, by tag and by the words of class names and ids.

These are captions, biographies of authors, invitations to subscribe, comments and cards of other articles. Names are
split into words, however sites write them: ``author-bio``, ``InlineSignup__title``, ``image_caption__Xy12``.
"""

from __future__ import annotations

import re

from lxml import html

from correlator.news.pages.html_tree import text_of

_TAGS = frozenset(("aside", "nav", "footer", "form", "figcaption", "dialog", "dl"))
_NAMES = re.compile(
    r"\b(?:captions?|figcaption|credits?|copyright|newsletters?|signup|sign up|subscribe|subscription|bio|biography"
    r"|comments?|commenting|related|recommended|recommendations?|recirculation|readmore|read (?:more|next)|also read"
    r"|most read|outbrain|taboola|promo|promotion|advert|advertisement|donate|donation|share|sharing|social|follow us"
    r"|tags|toc|viafoura|disqus|author (?:box|info)|about author|post card|media info|image widget|fact box|info box"
    r"|call action)\b"
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MOST = 0.25  # largest share of the page's paragraphs that a removed part may contain


def drop_furniture(root: html.HtmlElement, heading: html.HtmlElement | None) -> None:
    """Remove parts that are not the article's text; parts with the heading or much of the text stay."""
    kept = {heading, *heading.iterancestors()} if heading is not None else set()
    total = _length(root)
    parts = [each for each in root.iterdescendants() if isinstance(each.tag, str) and _is_furniture(each)]
    for each in parts:
        if each not in kept and each.getparent() is not None and _length(each) <= _MOST * total:
            each.drop_tree()


def _is_furniture(element: html.HtmlElement) -> bool:
    if element.tag in _TAGS:
        return True
    if element.tag in ("html", "body", "main", "article"):
        return False
    words = _WORD.findall(f"{element.get('class', '')} {element.get('id', '')}")
    return bool(words) and bool(_NAMES.search(" ".join(words).lower()))


def _length(element: html.HtmlElement) -> int:
    return sum(len(text_of(each)) for each in element.iter("p"))
