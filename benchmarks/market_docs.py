"""Run the benchmarks of market data and write what they print into docs/market.md.

    python benchmarks/market_docs.py --data FOLDER [--repeat 1] [--only detection]

FOLDER: as audit_detection.py takes it. Takes some ten minutes on two processors, which ``speed`` wants for itself.
"""

from __future__ import annotations

import argparse

from study_docs import ROOT, printed

PAGE = ROOT / "docs" / "market.md"


def between(page: str, name: str, text: str) -> str:
    """Return the page with ``text`` between the marks ``name: begin`` and ``name: end``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--repeat", default="1")
    parser.add_argument("--only", choices=("published", "speed", "detection"), help="only this part of the page")
    options = parser.parse_args()
    texts = {
        "published": lambda: printed("published_sessions.py"),
        "speed": lambda: f"`python benchmarks/bars_load.py`\n\n```text\n{printed('bars_load.py')}\n```",
        "detection": lambda: printed(
            "audit_detection.py", "--data", options.data, "--repeat", options.repeat, "--half", "2"
        ),
    }
    made = {name: text() for name, text in texts.items() if options.only in (None, name)}
    page = PAGE.read_text(encoding="utf-8")
    for name, text in made.items():
        page = between(page, name, text)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
