"""A watch that is killed again and again: every selected event briefed once, none twice, none lost?

    python benchmarks/watch.py [--items 10000] [--kills 100] [--seconds 600] [--faults]

A server on this machine publishes ``--items`` headlines, evenly over ``--seconds`` (an hour's worth in minutes), in a
feed of the newest 600 that is reordered at random, with one item in a hundred edited, others told twice, and, with
``--faults``, one request in twenty answered by 503, broken off or slow. One headline in ``--every`` is of a selected
event. ``correlator watch`` polls it once a second with stdout to a file, a folder and a webhook, and is killed
(SIGKILL) ``--kills`` times at random moments. At the end: what every sink had, the delay from an item's publication to
its file, and memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from correlator.events.coder import code_text
from correlator.intake.prices import add_prices
from correlator.resources import data_path
from correlator.store.db import Store

NEWEST = 600
PLACES = ("Lahore", "Multan", "Quetta", "Sukkur", "Gwadar", "Sialkot", "Hyderabad", "Peshawar")
THINGS = ("cotton", "sugar", "rain", "traffic", "cricket", "cement", "wheat", "fuel", "school", "housing")
VERBS = ("rises", "falls", "returns", "eases", "worries growers", "delights visitors", "stays high", "starts late")
COUNTRIES = ("Iran", "China", "Turkiye", "Azerbaijan", "Saudi Arabia", "Qatar", "Russia", "India", "Japan", "Egypt")
TOPICS = ("trade", "energy", "transport", "visas", "fishing", "railways", "mining", "health", "tourism", "education")
SELECTION = "category in (AGREE, SUPPORT, CONSULT) and actor = PAK"
SECRET = "a secret for this measurement"


class Feed(ThreadingHTTPServer):
    """The script of items: (seconds from the start, link, headline); what the webhook had."""

    daemon_threads = True

    def __init__(self, script: list[tuple[float, int, str]], faults: bool, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.faults = script, faults
        self.random = random.Random(seed)
        self.start = time.time()
        self.lock = threading.Lock()
        self.hooked: Counter[str] = Counter()
        self.requests = 0

    def body(self) -> bytes:
        now = time.time() - self.start
        public = [entry for entry in self.script if entry[0] <= now][-NEWEST:]
        with self.lock:
            self.random.shuffle(public)
        items = "".join(
            f"<item><title>{title}</title><link>https://news.example.org/{link}</link>"
            f"<pubDate>{formatdate(self.start + at)}</pubDate></item>"
            for at, link, title in public
        )
        return f"<rss version='2.0'><channel><title>Bench</title>{items}</channel></rss>".encode()


class Handler(BaseHTTPRequestHandler):
    server: Feed

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.requests += 1
            fault = self.server.faults and self.server.random.random() < 0.05
            kind = self.server.random.choice(("503", "short", "slow")) if fault else ""
        if kind == "503":
            self.send_error(503)
            return
        if kind == "slow":
            time.sleep(2.0)
        body = self.server.body()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if kind == "short" else body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.hooked[self.headers["Correlator-Brief-Id"]] += 1
        self.send_response(204)
        self.end_headers()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--every", type=int, default=20)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    script, stories = made_script(asked.items, asked.seconds, asked.every, asked.seed)
    print(f"{len(script):,} items, {len(stories):,} selected stories, over {asked.seconds:g} s", flush=True)
    server = Feed(script, asked.faults, asked.seed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), server, stories, asked)
    server.shutdown()


def made_script(
    items: int, seconds: float, every: int, seed: int
) -> tuple[list[tuple[float, int, str]], dict[str, float]]:
    """The items in order of time, and when each selected story was told first."""
    rng = random.Random(seed)
    script: list[tuple[float, int, str]] = []
    stories: dict[str, float] = {}
    pairs = [(country, topic, place) for country in COUNTRIES for topic in TOPICS for place in PLACES]
    rng.shuffle(pairs)
    for number in range(items):
        at = seconds * number / items
        if number % every == 0 and pairs:
            country, topic, place = pairs.pop()
            title = f"Pakistan and {country} agree to expand {topic} through {place}"
            assert code_text(title), title
            stories[title] = at
            script += [(at, number, title), (at + 1.0, items + number, title)]
        else:
            title = f"{rng.choice(THINGS).title()} {rng.choice(VERBS)} in {rng.choice(PLACES)} in week {number}"
            script.append((at, number, title))
            if number % 100 == 1:
                script.append((at + 3.0, number, f"{title}, residents say"))
    return sorted(script), stories


def measure(folder: Path, server: Feed, stories: dict[str, float], asked: argparse.Namespace) -> None:
    """Run the watch, kill it, and count."""
    store = Store(folder / "m.duckdb")
    for symbol in ("AIRLINK", "KSE100"):
        add_prices(store, data_path("sample", f"{symbol}.csv"), symbol=symbol, exchange="XKAR")
    url = f"http://127.0.0.1:{server.server_address[1]}"
    (folder / "feeds.toml").write_text(f'every = "1 s"\nevents = "{SELECTION}"\n[[feed]]\nurl = "{url}/feed"\n')
    command = [sys.executable, "-m", "correlator.cli.main", "--store", str(store.path), "watch", "feeds.toml"]
    command += ["--to", "briefs", "--webhook", f"{url}/hook", "--allow-private"]
    environment = {**os.environ, "CORRELATOR_WEBHOOK_SECRET": SECRET}
    rng = random.Random(asked.seed)
    kills, memory = 0, []
    server.start = time.time()
    with (folder / "out.jsonl").open("ab") as out, (folder / "err.txt").open("ab") as err:
        while True:
            process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=environment)
            left = server.start + asked.seconds + 5.0 - time.time()
            if kills >= asked.kills or left <= 0:
                break
            time.sleep(min(rng.uniform(0.6, 2.2 * max(left, 1.0) / (asked.kills - kills)), max(left, 0.1)))
            memory.append(resident(process.pid))
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        deadline = time.time() + 240.0
        while time.time() < deadline and len(names(folder)) < len(stories):
            memory.append(resident(process.pid))
            time.sleep(1.0)
        time.sleep(8.0)
        memory.append(resident(process.pid))
        process.send_signal(signal.SIGTERM)
        code = process.wait()
    print(f"killed {kills} times, {server.requests:,} requests, left with {code}")
    report(folder, server, stories, memory)


def report(folder: Path, server: Feed, stories: dict[str, float], memory: list[int]) -> None:
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    files = [json.loads(path.read_bytes()) for path in (folder / "briefs").glob("*.json")]
    for sink, briefs in (("stdout to a file", lines), ("folder", files)):
        had = Counter(each["headline"] for each in briefs)
        lost, twice = set(stories) - set(had), [title for title, count in had.items() if count > 1]
        other = len(set(had) - set(stories))
        print(f"{sink}: {len(briefs):,} briefs, lost {len(lost)}, twice {len(twice)}, of other headlines {other}")
        if lost:
            print(f"  lost, for example: {sorted(lost)[:3]}")
    again = sum(count - 1 for count in server.hooked.values())
    print(f"webhook: {len(server.hooked):,} briefs, sent again {again}, lost {len(files) - len(server.hooked)}")
    born = {path.stem: path.stat().st_mtime for path in (folder / "briefs").glob("*.json")}
    delays = [
        born[each["brief_id"]] - server.start - stories[each["headline"]]
        for each in files
        if each["headline"] in stories
    ]
    if delays:
        print(
            f"delay from publication to file: median {np.median(delays):.1f} s, 90 % {np.quantile(delays, 0.9):.1f} s"
        )
    if memory:
        print(
            f"memory: first {memory[0] / 1e6:.0f} MB, last {memory[-1] / 1e6:.0f} MB, most {max(memory) / 1e6:.0f} MB"
        )


def names(folder: Path) -> list[str]:
    return [path.name for path in (folder / "briefs").glob("*.json")]


def resident(pid: int) -> int:
    """Bytes of a process in memory; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    main()
