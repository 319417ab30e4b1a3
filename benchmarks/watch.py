"""Kill a watch repeatedly and check that every selected event is briefed exactly once.

    python benchmarks/watch.py [--items 10000] [--kills 100] [--seconds 600] [--faults]

A server on this machine publishes ``--items`` headlines, evenly over ``--seconds`` (an hour's worth in minutes), in a
feed of the newest 600 that is reordered at random, with one item in a hundred edited, others published twice, and, with
``--faults``, one request in twenty answered by 503, broken off or slow. One headline in ``--every`` is of a selected
event. The watch (``correlator.cli.main`` with ``watch``) polls it once a second with stdout to a file, a folder and a
webhook, and is killed (SIGKILL) ``--kills`` times at random moments. It is forked from a process that has imported
everything, so that it is killed at work and not during the start of Python. Printed at the end: what every sink
received, the delay from an item's publication to its file, and memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from correlator.base.resources import data_path
from correlator.cli.main import run
from correlator.events.selection.select import select_events
from correlator.intake.prices import add_prices
from correlator.store.db import Store
from correlator.store.statements import query

WARM = (
    *("correlator.cli.app", "correlator.watch.run", "correlator.watch.sinks", "correlator.brief.make"),
    *(
        "correlator.news.read",
        "correlator.news.feed",
        "correlator.news.fetch",
        "correlator.news.stories.joining",
        "feedparser",
    ),
)
"""Import what a watch imports, once."""

NEWEST = 600
PLACES = ("Lahore", "Multan", "Quetta", "Sukkur", "Gwadar", "Sialkot", "Hyderabad", "Peshawar")
THINGS = ("cotton", "sugar", "rain", "traffic", "cricket", "cement", "wheat", "fuel", "school", "housing")
VERBS = ("rises", "falls", "returns", "eases", "worries growers", "delights visitors", "stays high", "starts late")
COUNTRIES = ("Iran", "China", "Turkiye", "Azerbaijan", "Saudi Arabia", "Qatar", "Russia", "India", "Japan", "Egypt")
TOPICS = ("trade", "energy", "transport", "visas", "fishing", "railways", "mining", "health", "tourism", "education")
SELECTION = "category in (AGREE, SUPPORT, CONSULT) and actor = PAK"
QUIET = 30.0
"""Seconds without a brief after which no further one is expected."""
SECRET = "a secret for this measurement"


class Feed(ThreadingHTTPServer):
    """The script of items (seconds from the start, link, headline), and what the webhook received."""

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
        """Log nothing."""

    def do_GET(self) -> None:
        if self.path == "/had":
            body = json.dumps({"requests": self.server.requests, "hooked": self.server.hooked}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
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
    for name in WARM:
        import_module(name)
    script, stories = made_script(asked.items, asked.seconds, asked.every, asked.seed)
    print(f"{len(script):,} items, {len(stories):,} selected stories, over {asked.seconds:g} s", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        in_child(lambda: load(folder))
        server = Feed(script, asked.faults, asked.seed)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = os.fork()
        if serving == 0:
            server.serve_forever()
        try:
            (folder / "feeds.toml").write_text(f'every = "1 s"\nevents = "{SELECTION}"\n[[feed]]\nurl = "{url}/feed"\n')
            measure(folder, url, server.start, stories, asked)
        finally:
            os.kill(serving, signal.SIGKILL)
            os.waitpid(serving, 0)


def in_child(work: Callable[[], None]) -> None:
    """Do work that starts threads in a child process, since only a process without threads may be forked."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitpid(pid, 0)


def load(folder: Path) -> None:
    store = Store(folder / "m.duckdb")
    for symbol in ("AIRLINK", "KSE100"):
        add_prices(store, data_path("sample", f"{symbol}.csv"), symbol=symbol, exchange="XKAR")


def start_watch(folder: Path, url: str) -> int:
    """Fork the watch as a child process and return its number."""
    pid = os.fork()
    if pid:
        return pid
    os.chdir(folder)
    for handle, name in ((1, "out.jsonl"), (2, "err.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), handle)
    os.environ["CORRELATOR_WEBHOOK_SECRET"] = SECRET
    sys.argv = [
        "correlator",
        "--store",
        "m.duckdb",
        "watch",
        "feeds.toml",
        "--to",
        "briefs",
        "--webhook",
        f"{url}/hook",
    ]
    sys.argv += ["--allow-private"]
    try:
        run()
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    os._exit(0)


def made_script(
    items: int, seconds: float, every: int, seed: int
) -> tuple[list[tuple[float, int, str]], dict[str, float]]:
    """Return the items in order of time, and the first publication of each selected story."""
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
            stories[title] = at
            script += [(at, number, title), (at + 1.0, items + number, title)]
        else:
            title = f"{rng.choice(THINGS).title()} {rng.choice(VERBS)} in {rng.choice(PLACES)} in week {number}"
            script.append((at, number, title))
            if number % 100 == 1:
                script.append((at + 3.0, number, f"{title}, residents say"))
    return sorted(script), stories


def measure(folder: Path, url: str, start: float, stories: dict[str, float], asked: argparse.Namespace) -> None:
    """Run the watch, kill it, and count."""
    rng = random.Random(asked.seed)
    kills, memory, working = 0, [], 0
    while True:
        process = start_watch(folder, url)
        left = start + asked.seconds - time.time()
        if kills >= asked.kills or left <= 0:
            break
        time.sleep(min(rng.uniform(0.3, 2.0 * max(left, 1.0) / (asked.kills - kills)), max(left, 0.1)))
        memory.append(resident(process))
        before = size_of(folder)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        working += size_of(folder) > before or before > 0
        kills += 1
    deadline, seen = time.time() + 240.0, (-1, time.time())
    while time.time() < min(deadline, seen[1] + QUIET):
        memory.append(resident(process))
        time.sleep(1.0)
        if len(names(folder)) != seen[0]:
            seen = len(names(folder)), time.time()
    memory.append(resident(process))
    os.kill(process, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with urlopen(f"{url}/had") as answer:
        had = json.load(answer)
    print(f"killed {kills} times, {working} of them with briefs out, {had['requests']:,} requests, left with {code}")
    report(folder, start, had["hooked"], stories, memory)


def size_of(folder: Path) -> int:
    path = folder / "out.jsonl"
    return path.stat().st_size if path.exists() else 0


def report(folder: Path, start: float, hooked: dict[str, int], stories: dict[str, float], memory: list[int]) -> None:
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]
    files = [json.loads(path.read_bytes()) for path in (folder / "briefs").glob("*.json")]
    told = stories_of(folder)
    print(f"stories in the store with a selected event: {len(set(told.values())):,} (like headlines are one story)")
    for sink, briefs in (("stdout to a file", lines), ("folder", files)):
        had = Counter(told.get(each["article_id"]) for each in briefs if each["kind"] == "news")
        lost, twice = set(told.values()) - set(had), [story for story, count in had.items() if count > 1]
        print(f"{sink}: {len(briefs):,} briefs, lost {len(lost)}, twice {len(twice)}, of other stories {had[None]}")
    again = sum(count - 1 for count in hooked.values())
    print(f"webhook: {len(hooked):,} briefs, sent again {again}, lost {len(files) - len(hooked)}")
    born = {path.stem: path.stat().st_mtime for path in (folder / "briefs").glob("*.json")}
    delays = [
        born[each["brief_id"]] - start - stories[each["headline"]] for each in files if each["headline"] in stories
    ]
    if delays:
        print(
            f"delay from publication to file: median {np.median(delays):.1f} s, 90 % {np.quantile(delays, 0.9):.1f} s"
        )
    if memory:
        print(
            f"memory: first {memory[0] / 1e6:.0f} MB, last {memory[-1] / 1e6:.0f} MB, most {max(memory) / 1e6:.0f} MB"
        )


def stories_of(folder: Path) -> dict[int, int]:
    """Return articles with a selected event, and the story of each."""
    with Store(folder / "m.duckdb").reading() as connection:
        events = select_events(query(connection, "SELECT * FROM told_events"), SELECTION)
    return dict(events.select("article_id", "story_id").iter_rows())


def names(folder: Path) -> list[str]:
    return [path.name for path in (folder / "briefs").glob("*.json")]


def resident(pid: int) -> int:
    """Return the bytes of a process in memory; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    main()
