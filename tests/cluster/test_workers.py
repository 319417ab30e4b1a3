"""Two workers at two addresses as two hosts: the same bytes as one process, also where one of them is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from test_spread import OPTIONS

from correlator.cluster import Cluster, cluster_at
from correlator.errors import ClusterError
from correlator.eventstudy.request.spec import study_spec
from correlator.research.cluster_study import run_cluster_study
from correlator.research.study import run_study

OUTPUTS = ("car", "significance", "aar", "excluded")
HOSTS = ("127.0.0.2", "127.0.0.3")


@pytest.fixture
def hosts(tmp_path):
    """Address of a scheduler and its two workers, each without a nanny: who is killed stays dead."""
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    environment = os.environ | {"CORRELATOR_THREADS": "1"}
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    running = [subprocess.Popen([*command, "--no-dashboard", "--scheduler-file", str(file)], **quiet)]
    try:
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--no-nanny"]
        for host in HOSTS:
            place = ["--host", host, "--nthreads", "1", "--no-dashboard", "--death-timeout", "120"]
            running.append(subprocess.Popen([*worker, *place], env=environment, **quiet))
        for _ in range(1200):
            if file.exists() and file.stat().st_size:
                break
            time.sleep(0.1)
        import json

        address = json.loads(file.read_text())["address"]
        yield address, running[1:]
    finally:
        for process in running:
            process.kill()
            process.wait()


class Killing(Cluster):
    """A cluster that loses a worker as soon as the first result of ``when`` is there."""

    victim = None
    when = ""

    def results(self, futures, what):
        for result in super().results(futures, what):
            yield result
            if what == self.when and self.victim is not None:
                self.victim.kill()
                self.victim.wait()
                self.victim = None


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("when", "engine"),
    [
        ("parts measured", "numpy"),
        pytest.param("parts measured", "compiled", marks=SLOW),
        pytest.param("estimates", "compiled", marks=SLOW),
        pytest.param("parts", "compiled", marks=SLOW),
    ],
)
def test_one_of_two_is_killed_and_nothing_changes(lake, hosts, when, engine):
    address, workers = hosts
    spec = study_spec(**OPTIONS, engine=engine)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = run_study(lake, spec)
        for _ in range(600):  # workers may still be on their way
            try:
                with cluster_at(address) as cluster:
                    if len(cluster.workers) < len(HOSTS):
                        continue
                    assert {each.split("//")[1].split(":")[0] for each in cluster.workers} == set(HOSTS)
                    killing = Killing(cluster._client)
                    killing.victim, killing.when = workers[0], when
                    spread = run_cluster_study(lake, spec, killing)
                    for output in OUTPUTS:
                        assert spread.frame(output).equals(whole.frame(output), null_equal=True), output
                    assert workers[0].poll() is not None
                    break
            except ClusterError as error:
                if "no worker" not in error.message:
                    raise
                time.sleep(0.1)
        else:
            pytest.fail("the workers did not come")


def test_no_scheduler_is_told_in_one_line(monkeypatch):
    monkeypatch.setattr("correlator.cluster._CONNECT_SECONDS", 0.5)
    with (
        pytest.raises(ClusterError, match="no scheduler answers at tcp://127.0.0.4:1"),
        cluster_at("tcp://127.0.0.4:1"),
    ):
        pass


def test_the_command_line_says_the_same_with_local_workers(lake, tmp_path):
    program = str(Path(sys.executable).with_name("correlator"))
    command = [program, "--threads", "2", "study", "--store", lake.address, "--benchmark", "MKT"]
    options = ["--estimation", "-110:-11", "--window", "-3:3", "--windows", "-1:1", "--output", "car"]
    answers = [
        subprocess.run([*command, *options, *more], capture_output=True, cwd=tmp_path, check=False, text=True)
        for more in ((), ("--cluster", "local"))
    ]
    assert [each.returncode for each in answers] == [0, 0], answers[1].stderr
    assert answers[0].stdout == answers[1].stdout
    assert answers[0].stdout.count("\n") > 60
    assert "Traceback" not in answers[1].stderr
