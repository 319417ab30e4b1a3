"""Scopes of microdata and RDFa: whether an element describes the page's own article."""

from __future__ import annotations

import re

from lxml import html

_SCOPES = re.compile(r"(?i)schema\.org/(?:\w*article|blogposting|webpage|report)\b")
_ARTICLE_SCOPES = re.compile(r"(?i)schema\.org/(?:\w*article|blogposting|report)\b")
_UNTYPED = "http://schema.org/Article"


def is_foreign(element: html.HtmlElement) -> bool:
    """Whether an element is in the scope of another object: a comment, a video, a list."""
    scope = _scope_of(element)
    return scope is not None and not _SCOPES.search(_type_of(scope) or _UNTYPED)


def is_in_own_scope(root: html.HtmlElement, heading: html.HtmlElement | None, element: html.HtmlElement) -> bool:
    """Whether the article scope of an element is the page's own: the only one, or the one with the heading."""
    scope = _scope_of(element)
    if scope is None or not _ARTICLE_SCOPES.search(_type_of(scope) or ""):
        return True
    same = [each for each in root.iter() if isinstance(each.tag, str) and _ARTICLE_SCOPES.search(_type_of(each) or "")]
    return len(same) == 1 or (
        heading is not None and any(each is scope for each in (heading, *heading.iterancestors()))
    )


def _scope_of(element: html.HtmlElement) -> html.HtmlElement | None:
    return next((each for each in element.iterancestors() if _type_of(each) is not None), None)


def _type_of(element: html.HtmlElement) -> str | None:
    """Return the type of the scope that an element opens, empty if untyped; None if it opens no scope.

    In RDFa only types of schema.org open a scope; others (*sioc:Item*) are ignored.
    """
    if element.get("itemscope") is not None:
        return str(element.get("itemtype") or "")
    for name in (element.get("typeof") or "").split():
        if ":" not in name.removeprefix("schema:"):
            return f"http://schema.org/{name.removeprefix('schema:')}"
    return None
