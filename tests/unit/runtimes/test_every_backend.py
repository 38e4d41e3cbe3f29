"""What every backend must keep to, whichever it is: docs/runtime.md, "What a backend must keep to"."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.support.tiny_models import BACKENDS, MODULES, TASKS, tiny_artifact

from edgewise_runtimes import (
    Artifact,
    BackendLoadError,
    BackendRunError,
    BackendUnavailableError,
    Runtime,
    Session,
    SessionOptions,
    registry,
    runtime,
)

GOOD = np.ones((1, 3), dtype=np.int32)
FEEDS = {"input_ids": GOOD, "attention_mask": GOOD}
EXTRA = {"openvino": 'pip install "edgewise[openvino]"', "tflite": 'pip install "edgewise[tflite]"'}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Runtime:
    return runtime(request.param)


@pytest.fixture
def session(backend: Runtime) -> Iterator[Session]:
    made = backend.load(tiny_artifact(backend.name), SessionOptions())
    yield made
    made.close()


def test_the_probe_says_version_and_devices(backend: Runtime) -> None:
    probe = backend.probe()
    assert probe.ok
    assert probe.devices[0] == "cpu"
    assert any(sign.isdigit() for sign in probe.reason)
    assert registry.missing(backend) is None


def test_inputs_and_outputs_are_named(session: Session) -> None:
    assert set(session.inputs) == set(FEEDS)
    assert set(session.outputs) == set(TASKS)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"input_ids": GOOD},
        {"ids": GOOD, "attention_mask": GOOD},
        {**FEEDS, "token_type_ids": GOOD},
        {"input_ids": GOOD.astype(np.int64), "attention_mask": GOOD},
        {"input_ids": GOOD.astype(np.float32), "attention_mask": GOOD},
        {"input_ids": GOOD[0], "attention_mask": GOOD},
        {"input_ids": GOOD, "attention_mask": np.ones((1, 4), dtype=np.int32)},
        {"input_ids": "text", "attention_mask": GOOD},
        {"input_ids": None, "attention_mask": GOOD},
    ],
)
def test_feeds_that_do_not_fit_are_refused_and_do_no_harm(session: Session, bad: dict) -> None:
    before = session.run(FEEDS)
    with pytest.raises(BackendRunError):
        session.run(bad)
    for task, values in session.run(FEEDS).items():
        np.testing.assert_array_equal(values, before[task])


def test_a_closed_session_says_so(backend: Runtime) -> None:
    session = backend.load(tiny_artifact(backend.name), SessionOptions())
    session.run(FEEDS)
    session.close()
    session.close()
    with pytest.raises(BackendRunError, match="closed"):
        session.run(FEEDS)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(backend: Runtime, share: float) -> None:
    whole = tiny_artifact(backend.name)
    cut = replace(whole, data=whole.data[: int(share * len(whole.data))])
    with pytest.raises(BackendLoadError) as caught:
        backend.load(cut, SessionOptions())
    assert whole.name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"not a model", b"\x00" * 5000, b"<net></net>", b"TFL3" * 100])
def test_what_is_no_model_is_refused(backend: Runtime, data: bytes) -> None:
    with pytest.raises(BackendLoadError):
        backend.load(Artifact("odd.bin", backend.name, "fp32", data), SessionOptions())


def test_a_device_that_is_not_there_is_refused(backend: Runtime) -> None:
    with pytest.raises(BackendUnavailableError, match="abacus"):
        backend.load(tiny_artifact(backend.name), SessionOptions(device="abacus"))


@pytest.mark.parametrize("device", ["", "cpu", "CPU"])
def test_the_processor_has_a_name(backend: Runtime, device: str) -> None:
    session = backend.load(tiny_artifact(backend.name), SessionOptions(device=device))
    assert session.run(FEEDS)["sentiment"].shape == (1, 3)
    session.close()


@pytest.mark.parametrize("name", list(EXTRA))
def test_a_missing_extra_is_named_with_its_pip_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (MODULES[name], "tflite_runtime"):
        monkeypatch.setitem(sys.modules, module, None)
    found = runtime(name)
    assert "not installed" in found.probe().reason
    assert "not installed" in (registry.missing(found) or "")
    with pytest.raises(BackendUnavailableError) as caught:
        found.load(Artifact("a", name, "fp32", b"x"), SessionOptions())
    assert EXTRA[name] in str(caught.value)


QUIET = """
import sys
from tests.support.tiny_models import tiny_artifact
from edgewise_runtimes import SessionOptions, runtime
import numpy as np
name = sys.argv[1]
artifact = tiny_artifact(name)
print("begin", flush=True)
print("begin", file=sys.stderr, flush=True)
session = runtime(name).load(artifact, SessionOptions())
ones = np.ones((2, 5), dtype=np.int32)
session.run({"input_ids": ones, "attention_mask": ones})
try:
    runtime(name).load(type(artifact)("a", name, "fp32", b"odd"), SessionOptions())
except Exception:
    pass
print("end", flush=True)
print("end", file=sys.stderr, flush=True)
"""


def test_nothing_is_printed(backend: Runtime) -> None:
    command = [sys.executable, "-W", "ignore", "-c", QUIET, backend.name]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3], timeout=120
    )
    for said in (done.stdout, done.stderr):
        assert said[said.index("begin\n") :] == "begin\nend\n"


def test_nothing_grows_over_texts_of_all_lengths(session: Session) -> None:
    process = psutil.Process(os.getpid())

    def run_all_shapes() -> int:
        for length in range(1, 129, 3):
            for batch in (1, 4):
                ids = np.ones((batch, length), dtype=np.int32)
                session.run({"input_ids": ids, "attention_mask": ids})
        return int(process.memory_info().rss)

    for _ in range(4):
        run_all_shapes()
    before = run_all_shapes()
    after = [run_all_shapes() for _ in range(4)]
    assert min(after) - before < 4 * 2**20
