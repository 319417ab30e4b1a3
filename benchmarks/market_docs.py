"""Run the benchmarks of market data and write what they print into docs/market.md.

    python benchmarks/market_docs.py --data FOLDER [--repeat 1]

FOLDER: as audit_detection.py takes it. Takes some ten minutes on two processors.
"""

from __future__ import annotations

import argparse

from study_docs import ROOT, printed

PAGE = ROOT / "docs" / "market.md"


def between(page: str, name: str, text: str) -> str:
    """The page with ``text`` between the marks ``name: begin`` and ``name: end``."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--repeat", default="1")
    options = parser.parse_args()
    speed = f"`python benchmarks/bars_load.py`\n\n```text\n{printed('bars_load.py')}\n```"
    detection = printed("audit_detection.py", "--data", options.data, "--repeat", options.repeat, "--half", "2")
    page = between(PAGE.read_text(encoding="utf-8"), "published", printed("published_sessions.py"))
    PAGE.write_text(between(between(page, "speed", speed), "detection", detection), encoding="utf-8")


if __name__ == "__main__":
    main()
