"""``correlator code`` as a user runs it: one line out per line in."""

from __future__ import annotations

import csv
import io
import json

import forked

LINES = [
    '{"text": "Pakistan, Azerbaijan hold talks on trade"}',
    '{"text": "Heavy rain expected in Punjab"}',
    "no json",
    '{"headline": "Israel attacks Lebanon"}',
    '{"text": "Lebanon attacked by Israel"}',
]


def run(tmp_path, *options):
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return forked.run(["code", path, *options], cwd=tmp_path)


def test_a_line_out_for_every_line_in(tmp_path):
    done = run(tmp_path, "--field", "text", "--format", "jsonl")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(LINES)
    assert found[0]["events"][0]["dyad"] == "AZE-PAK"
    assert found[0]["events"][0]["quad"] == "verbal-cooperation"
    assert found[1] == {"events": []}
    assert found[2]["events"] == []
    assert "line 3" in found[2]["error"]
    assert found[3]["events"] == []
    assert "line 4" in found[3]["error"]
    assert (found[4]["events"][0]["source"], found[4]["events"][0]["target"]) == ("ISR", "LBN")


def test_events_as_csv(tmp_path):
    done = run(tmp_path, "--field", "text", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["line"], row["dyad"]) for row in rows] == [("1", "AZE-PAK"), ("5", "ISR-LBN")]
