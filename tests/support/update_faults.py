"""Faults in the middle of a pull, in processes of their own that are really killed.

`python -m tests.support.update_faults FOLDER every` kills a pull before every one of its steps;
`... FOLDER random COUNT SEED` breaks pulls COUNT times at random: kills, full disks, broken sources. After
every fault the device must find a whole model. Prints one line of JSON.
"""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.support.update_repository import Made, make_repository

from edgewise.bundle import Bundle
from edgewise.errors import EdgewiseError
from edgewise.updates import Store, pull
from edgewise.updates.network import Network
from edgewise.updates.preflight import Trial
from edgewise.updates.pulling import How
from edgewise.updates.upkeep import use

OFFLINE = How(network=Network(attempts=2, sleep=lambda seconds: None))
WRITES = ("write", "sync", "rename", "stage", "copy", "adopt", "replace", "renamed", "adopted")


def be_quick() -> None:
    """Leave out the trial, which has tests of its own, and waiting for the disk: for power cuts only."""
    os.fsync = lambda handle: None
    sys.modules["edgewise.updates.pulling"].run_preflight = lambda *_: Trial(1.0, 1)  # type: ignore[attr-defined]


def kill(name: str) -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def full(name: str) -> None:
    """What a full disk says; steps that write nothing go well."""
    if name.split()[0] in WRITES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class At:
    """Does something at one step of a pull, and remembers the names of all steps."""

    def __init__(self, number: int = -1, do: Callable[[str], None] = kill) -> None:
        self.names: list[str] = []
        self._number = number
        self._do = do

    def __call__(self, name: str) -> None:
        if len(self.names) == self._number:
            self._do(name)
        self.names.append(name)


def in_child(work: Callable[[], None]) -> int:
    """Run something in a forked child; return how it ended: 0, a code, or minus a signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except EdgewiseError:
            code = 3
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def whole(store: Path) -> str:
    """Return the version that the device answers with, every byte checked."""
    bundle = Bundle.open(Store(store).resolve("tiny"))
    bundle.verify()
    return bundle.manifest.version


def answers(store: Path) -> None:
    """Answer a text with it, as an app does."""
    os.environ["EDGEWISE_STORE"] = str(store)
    from edgewise import Analyzer

    with Analyzer("tiny") as analyzer:
        if analyzer.analyze("great").sentiment.label != "positive":
            raise SystemExit(4)


def take(made: Made, store: Path, step: Callable[[str], None], source: Path | None = None) -> None:
    pull("tiny", store=Store(store, step), source=source or made.folder, trust=made.trust, how=OFFLINE)


def prepare(work: Path) -> tuple[Made, Path]:
    """Return a repository that has 1.1.0, and a device that uses 1.0.0 and has two older versions, too."""
    made = make_repository(work)
    device = work / "device"
    for version in ("0.8.0", "0.9.0", "1.0.0"):
        made.publish(version, extra=version.encode() * 20_000)
        take(made, device, At())
    made.publish("1.1.0", extra=random.Random(0).randbytes(400_000))
    return made, device


def spoil(made: Made, device: Path) -> None:
    """Let the device have 1.1.0, but with a byte of it changed, and use 1.0.0."""
    take(made, device, At())
    store = Store(device)
    path = use(store, "tiny@1.1.0") / "tiny.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    use(store, "tiny@1.0.0")


def every(work: Path) -> dict[str, object]:
    """Kill a pull before every step: on a device that is new to the version, or has it damaged."""
    made, device = prepare(work)
    steps: list[str] = []
    without: list[str] = []
    seen: Counter[str] = Counter()
    for name in ("new", "damaged"):
        if name == "damaged":
            spoil(made, device)
        dry = At()
        take(made, Path(shutil.copytree(device, work / f"dry-{name}")), dry)
        # What comes before the trial is the same for both.
        first = dry.names.index("preflight") if name == "damaged" else 0
        for number in range(first, len(dry.names)):
            between, problem = _killed_at(made, device, work / f"store-{number}", number)
            seen[between] += 1
            if problem is not None:
                without.append(f"{name} {number} {dry.names[number]}: {problem}, {between}")
        steps += dry.names[first:]
    return {"steps": steps, "without": without, "between": dict(seen)}


def _killed_at(made: Made, device: Path, store: Path, number: int) -> tuple[str, str | None]:
    """Kill a pull at a step, then pull in peace; return what was in use between, and what is wrong."""
    shutil.copytree(device, store)
    code = in_child(lambda: take(made, store, At(number)))
    between, problem = "none", None
    try:
        between = whole(store)
        take(made, store, At())
        if code != -signal.SIGKILL or whole(store) != "1.1.0":
            problem = f"it ended with {code}"
    except EdgewiseError as error:
        problem = str(error)
    if number % 12 == 0 and problem is None and in_child(lambda: answers(store)):
        problem = "no answer"
    shutil.rmtree(store)
    return between, problem


def at_random(work: Path, count: int, seed: int) -> dict[str, object]:
    """Break pulls at random, several in a row on the same device, which then pulls in peace."""
    chance = random.Random(seed)
    made, device = prepare(work)
    steps = At()
    shutil.copytree(device, work / "dry")
    take(made, work / "dry", steps)
    kinds: Counter[str] = Counter()
    between: Counter[str] = Counter()
    without: list[str] = []
    done = 0
    while done < count:
        store = work / "store"
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(device, store)
        for _ in range(chance.randint(1, 4)):
            kind = chance.choice(["kill", "kill", "full", "broken source", "killed twice"])
            number = chance.randrange(len(steps.names))
            source = _broken(made.folder, work / "broken", chance) if kind == "broken source" else None
            do = full if kind == "full" else kill
            at = At(number if kind != "broken source" else -1, do)
            in_child(lambda store=store, at=at, source=source: take(made, store, at, source))
            if kind == "killed twice":
                in_child(lambda store=store: take(made, store, At(chance.randrange(20))))
            kinds[kind] += 1
            done += 1
            try:
                between[whole(store)] += 1
                if chance.random() < 0.25 and in_child(lambda store=store: answers(store)):
                    raise SystemExit(4)
            except (EdgewiseError, SystemExit) as error:
                without.append(f"{kind} at {number}: {error}")
        try:
            take(made, store, At())
            if whole(store) != "1.1.0":
                without.append("no way to the new version")
        except EdgewiseError as error:
            without.append(f"afterwards: {error}")
    return {"faults": done, "kinds": dict(kinds), "between": dict(between), "without": without}


def _broken(good: Path, place: Path, chance: random.Random) -> Path:
    """Return a copy of a repository in which one file is cut, changed, swapped, or gone."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(good, place)
    files = sorted(path for path in place.rglob("*") if path.is_file())
    path, other = chance.choice(files), chance.choice(files)
    data = path.read_bytes()
    how = chance.choice(["cut", "changed", "swapped", "gone", "longer"])
    if how == "cut":
        path.write_bytes(data[: chance.randrange(len(data))])
    elif how == "changed":
        spot = chance.randrange(len(data))
        path.write_bytes(data[:spot] + bytes([data[spot] ^ 1]) + data[spot + 1 :])
    elif how == "swapped":
        path.write_bytes(other.read_bytes())
    elif how == "longer":
        path.write_bytes(data + b" " * chance.randrange(1, 1000))
    else:
        path.unlink()
    return place


def main() -> None:
    """Run what the command line names."""
    be_quick()
    work, mode, *rest = sys.argv[1:]
    found = every(Path(work)) if mode == "every" else at_random(Path(work), int(rest[0]), int(rest[1]))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
