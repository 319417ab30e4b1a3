"""Kill processes at random moments: the state before or after must be left, and the same command must complete it.

python tests/faults/kills.py [--kills 200] [--seed 0] [--write]
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from enumerated import in_a_process, reference
from figures import option, publish
from scenarios import SCENARIOS, Scenario, copied, judged, prepare


def killed(scenario: Scenario, folder: Path, delay: float) -> bool:
    """Whether the process was still running when the signal arrived."""
    pid = os.fork()
    if pid == 0:
        try:  # the child must never continue the parent's work
            warnings.simplefilter("ignore")
            scenario.act(folder)
        finally:
            os._exit(0)
    time.sleep(delay)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def timed(scenario: Scenario, folder: Path) -> float:
    begun = time.monotonic()
    scenario.act(folder)
    return time.monotonic() - begun


def main() -> None:
    kills, chance = int(option("kills", 200)), random.Random(int(option("seed", 0)))
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        work, known = Path(folder), {}
        for n in range(kills):
            scenario = SCENARIOS[n % len(SCENARIOS)]
            base = work / scenario.name
            if scenario.name not in known:
                base.mkdir()
                in_a_process(prepare, scenario, base)
                _, (before, after, _) = in_a_process(reference, scenario, copied(base, work / "whole"))
                _, seconds = in_a_process(timed, scenario, copied(base, work / "whole"))
                known[scenario.name] = (before, after, seconds)
            before, after, seconds = known[scenario.name]
            struck = copied(base, work / "struck")
            outcomes["at work"] += killed(scenario, struck, chance.uniform(0, seconds))
            _, wrong = in_a_process(judged, struck, before, after, scenario)
            if wrong is None or wrong:
                outcomes["wrong"] += 1
                print(f"{scenario.name}: {wrong}", flush=True)
    publish(
        "kills",
        {
            "kills": kills,
            "of them while working": outcomes["at work"],
            "wrong numbers or unusable stores": outcomes["wrong"],
        },
    )


if __name__ == "__main__":
    main()
