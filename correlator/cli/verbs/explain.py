"""``correlator explain``: every decision about one article, with its reason."""

from __future__ import annotations

from typing import Annotated

import typer

from correlator.base.inert import visible
from correlator.cli.options.common import DateOnlyOption, StoreOption, open_store
from correlator.cli.tables.options import TableOptions, prints_table


@prints_table
def explain(
    *,
    article_id: Annotated[int, typer.Argument(help="Number of the article, as listed by `correlator list articles`.")],
    date_only: DateOnlyOption = None,
    store: StoreOption = None,
    printer: TableOptions,
) -> None:
    """Explain how an article was read, dated, coded and linked, and why.

    Example: correlator explain 1
    """
    from correlator.explain import explain as explain_article

    chosen = date_only.value if date_only is not None else None
    explanation = explain_article(open_store(store), article_id, date_only=chosen)
    if printer.format is None and printer.to is None:
        print(visible(str(explanation)))
    else:
        printer.print(explanation.facts())
