"""What updates cost and stand: 20 MB killed 20 times, models swapped under load, faults at random.

python benchmarks/updates.py [--faults 500]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.support.update_faults import At, in_child, take, whole
from tests.support.update_repository import make_repository
from tests.support.update_server import UpdateServer

from edgewise import Analyzer

MB = 1_000_000


def killed(work: Path, size: int = 20 * MB, kills: int = 20) -> dict[str, object]:
    """Kill a pull again and again; count what the server handed to the network."""
    work.mkdir()
    made = make_repository(work)
    made.publish("1.0.0", extra=os.urandom(size))
    store, done = work / "device", 0
    with UpdateServer(made.folder, small_buffer=True) as server:

        def until(end: int) -> None:
            def step(name: str) -> None:
                part = next(store.rglob(".*.part"), None)
                if name == "write large.bin" and part is not None and part.stat().st_size > end:
                    os.kill(os.getpid(), signal.SIGKILL)

            take(made, store, step, server.url)

        for number in range(kills):
            code = in_child(lambda number=number: until((number + 1) * size // (kills + 1)))
            done += code == -signal.SIGKILL
        take(made, store, At(), server.url)
        sent = server.sent
    return {"bytes": size, "kills": done, "sent": sent, "ratio": sent / size, "version": whole(store)}


def swapped(work: Path, swaps: int = 10, threads: int = 8) -> dict[str, object]:
    """Reload an analyzer again and again while threads call it."""
    work.mkdir()
    made = make_repository(work)
    made.publish("1.0.0")
    take(made, work / "device", At())
    os.environ["EDGEWISE_STORE"] = str(work / "device")
    analyzer, stop = Analyzer("tiny"), threading.Event()
    calls, dropped = [0] * threads, [0] * threads

    def call(mine: int) -> None:
        while not stop.is_set():
            try:
                analyzer.analyze("great")
                calls[mine] += 1
            except Exception:
                dropped[mine] += 1

    workers = [threading.Thread(target=call, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for number in range(1, swaps + 1):
        made.publish(f"1.{number}.0")
        take(made, work / "device", At())
        analyzer.reload()
        time.sleep(0.1)
    stop.set()
    for worker in workers:
        worker.join()
    version = analyzer.bundle.manifest.version
    return {"swaps": swaps, "calls": sum(calls), "dropped": sum(dropped), "version": version}


def main() -> None:
    """Measure, and print one line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=500)
    faults = parser.parse_args().faults
    with tempfile.TemporaryDirectory() as folder:
        print("killed", json.dumps(killed(Path(folder) / "killed")))
        print("swapped", json.dumps(swapped(Path(folder) / "swapped")))
        if faults:
            (Path(folder) / "faults").mkdir()
            command = [sys.executable, "-m", "tests.support.update_faults", f"{folder}/faults", "random"]
            subprocess.run([*command, str(faults), "42"], check=True)


if __name__ == "__main__":
    main()
