"""The ONNX Runtime backend on the tiny encoder, whose logits can be worked out by hand."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import psutil
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from tests.support.tiny_bundle import WORDS, tiny_encoder

from edgewise_runtimes import (
    Artifact,
    BackendLoadError,
    BackendRunError,
    BackendUnavailableError,
    Session,
    SessionOptions,
    ThreadCountError,
    onnxruntime_backend,
    runtime,
)

BACKEND = runtime("onnxruntime")
IDS = {word: index + 2 for index, word in enumerate(WORDS)}


def load(data: bytes, threads: int = 1) -> Session:
    return BACKEND.load(Artifact("tiny.onnx", "onnxruntime", "fp32", data), SessionOptions(threads))


def feeds(rows: list[list[str]], length: int = 0) -> dict[str, NDArray[np.int32]]:
    length = max([length, *map(len, rows)])
    ids = np.zeros((len(rows), length), dtype=np.int32)
    mask = np.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = [IDS[word] for word in row]
        mask[index, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


@pytest.fixture(scope="module")
def encoder() -> bytes:
    return tiny_encoder()


@pytest.fixture(scope="module")
def session(encoder: bytes) -> Session:
    return load(encoder)


def test_the_probe_names_version_and_device() -> None:
    probe = BACKEND.probe()
    assert probe.ok
    assert probe.reason.startswith("version 1.")
    assert probe.devices == ("cpu",)


def test_inputs_and_outputs_are_listed(session: Session) -> None:
    assert session.inputs == ("input_ids", "attention_mask")
    assert session.outputs == ("sentiment", "toxicity", "emotion")


def test_logits_are_those_worked_out_by_hand(session: Session) -> None:
    out = session.run(feeds([["you", "idiot"], ["great"]]))
    assert set(out) == {"sentiment", "toxicity", "emotion"}
    np.testing.assert_allclose(out["sentiment"], [[3, 1, 0], [0, 1, 8]], atol=1e-6)
    np.testing.assert_allclose(out["toxicity"][0], [3, -4, -4, 2, -4, -4, -4], atol=1e-6)
    assert all(array.dtype == np.float32 for array in out.values())


@pytest.mark.parametrize("length", [1, 2, 7, 64])
@pytest.mark.parametrize("batch", [1, 3, 17])
def test_an_answer_does_not_depend_on_neighbours_or_padding(
    session: Session, length: int, batch: int
) -> None:
    alone = session.run(feeds([["awful"]]))
    among = session.run(feeds([["awful"], *([["idiot"] * length] * (batch - 1))], length=length))
    for task, row in alone.items():
        np.testing.assert_allclose(among[task][0], row[0], atol=1e-6)


@pytest.mark.parametrize("shape", [(0, 4), (2, 0)])
def test_empty_batches_and_texts_have_a_result(session: Session, shape: tuple[int, int]) -> None:
    nothing = np.zeros(shape, dtype=np.int32)
    out = session.run({"input_ids": nothing, "attention_mask": nothing})
    assert out["emotion"].shape == (shape[0], 8)
    assert np.isfinite(out["emotion"]).all()


GOOD = np.ones((1, 3), dtype=np.int32)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"input_ids": GOOD},
        {"ids": GOOD, "attention_mask": GOOD},
        {"input_ids": GOOD, "attention_mask": GOOD, "token_type_ids": GOOD},
        {"input_ids": GOOD.astype(np.int64), "attention_mask": GOOD},
        {"input_ids": GOOD.astype(np.float32), "attention_mask": GOOD},
        {"input_ids": GOOD[0], "attention_mask": GOOD},
        {"input_ids": GOOD, "attention_mask": np.ones((1, 4), dtype=np.int32)},
        {"input_ids": GOOD * 9999, "attention_mask": GOOD},
        {"input_ids": "text", "attention_mask": GOOD},
        {"input_ids": None, "attention_mask": GOOD},
        None,
    ],
)
def test_feeds_that_do_not_fit_are_refused_and_nothing_is_printed(
    session: Session, bad: object, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BackendRunError) as caught:
        session.run(bad)  # type: ignore[arg-type]
    assert caught.value.name == "onnxruntime"
    assert "ONNXRuntimeError" not in caught.value.reason
    assert capfd.readouterr() == ("", "")
    session.run({"input_ids": GOOD, "attention_mask": GOOD})


@pytest.mark.parametrize("change", ["empty", "noise", "cut", "zeros"])
def test_damaged_bytes_are_refused_and_nothing_is_printed(
    encoder: bytes, change: str, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).bytes(2000)
    data = {"empty": b"", "noise": noise, "cut": encoder[: len(encoder) // 2], "zeros": bytes(5000)}[change]
    with pytest.raises(BackendLoadError) as caught:
        load(data)
    assert (caught.value.name, caught.value.artifact) == ("onnxruntime", "tiny.onnx")
    assert capfd.readouterr() == ("", "")


def test_a_model_for_a_newer_library_is_refused() -> None:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "future",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 999)], ir_version=8)
    with pytest.raises(BackendLoadError):
        load(model.SerializeToString())


@pytest.mark.parametrize("location", ["weights.bin", "./weights.bin", "sub/weights.bin"])
def test_a_model_may_not_read_unverified_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """ONNX lets a model keep weights in other files; nobody has checked the hash of those."""
    (tmp_path / location).parent.mkdir(exist_ok=True)
    (tmp_path / location).write_bytes(np.arange(16, dtype=np.float32).tobytes())
    monkeypatch.chdir(tmp_path)
    weights = TensorProto(
        name="weights", data_type=TensorProto.FLOAT, dims=[16], data_location=TensorProto.EXTERNAL
    )
    weights.external_data.add(key="location", value=location)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "weights"], ["y"])],
        "leaning",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [16])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(BackendLoadError, match="xternal data"):
        load(model.SerializeToString())


def test_close_may_be_called_twice_and_ends_the_session(encoder: bytes) -> None:
    session = load(encoder)
    session.close()
    session.close()
    with pytest.raises(BackendRunError, match="closed"):
        session.run(feeds([["good"]]))
    assert session.outputs


def test_many_threads_get_their_own_answers(encoder: bytes) -> None:
    session = load(encoder, threads=2)
    words = list(WORDS)
    expected = {word: session.run(feeds([[word]]))["emotion"] for word in words}

    def ask(number: int) -> bool:
        word = words[number % len(words)]
        return np.array_equal(session.run(feeds([[word]]))["emotion"], expected[word])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2000)))


def test_closing_under_way_either_answers_or_says_so(encoder: bytes) -> None:
    session = load(encoder)

    def ask(number: int) -> str:
        if number == 50:
            session.close()
        try:
            return str(session.run(feeds([["good"]]))["sentiment"].argmax())
        except BackendRunError as error:
            return error.reason

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(ask, range(200)))
    assert answers == {"2", "the session is closed"}


def test_memory_stays_flat_over_many_shapes(encoder: bytes) -> None:
    session = load(encoder)
    process = psutil.Process()

    def run_all_shapes() -> int:
        for batch in (1, 8, 32):
            for length in range(1, 200, 3):
                ids = np.ones((batch, length), dtype=np.int32)
                session.run({"input_ids": ids, "attention_mask": ids})
        return process.memory_info().rss

    run_all_shapes()
    before = run_all_shapes()
    after = [run_all_shapes() for _ in range(3)]
    assert max(after) - before < 8 * 2**20


LARGE_BATCH = """
import sys
from pathlib import Path
import numpy as np
import psutil
from edgewise_runtimes import Artifact, SessionOptions, runtime

data = Path(sys.argv[1]).read_bytes()
session = runtime("onnxruntime").load(Artifact("tiny.onnx", "onnxruntime", "fp32", data), SessionOptions(1))

def run(batch, length):
    ids = np.ones((batch, length), dtype=np.int32)
    session.run({"input_ids": ids, "attention_mask": ids})

run(1, 1)
before = psutil.Process().memory_info().rss
run(256, 2000)  # 37 MB in each of the larger steps
print(psutil.Process().memory_info().rss - before)
"""


def test_the_memory_of_a_large_batch_is_given_back(encoder: bytes, tmp_path: Path) -> None:
    # A process of its own: here other tests have taught the allocator to keep large blocks.
    (tmp_path / "tiny.onnx").write_bytes(encoder)
    command = [sys.executable, "-c", LARGE_BATCH, str(tmp_path / "tiny.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20 * 2**20


@pytest.mark.parametrize("threads", [0, -1, True, 1.5, None, "2"])
def test_a_thread_count_that_means_nothing_is_refused(threads: object) -> None:
    with pytest.raises(ThreadCountError) as caught:
        SessionOptions(threads)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError)


def test_without_the_library_the_backend_says_what_to_install(
    encoder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    probe = BACKEND.probe()
    assert not probe.ok
    assert "onnxruntime" in probe.reason
    with pytest.raises(BackendUnavailableError, match="pip install onnxruntime"):
        load(encoder)


def test_a_library_that_crashes_on_import_is_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise OSError('libfoo.so: cannot open shared object file')")
    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.syspath_prepend(tmp_path)
    assert "libfoo.so" in BACKEND.probe().reason


def test_an_artifact_does_not_print_its_bytes(encoder: bytes) -> None:
    assert len(repr(Artifact("tiny.onnx", "onnxruntime", "fp32", encoder))) < 100


FORK = """
import os, sys
import numpy as np
from edgewise_runtimes import Artifact, SessionOptions, runtime

artifact = Artifact("a", "onnxruntime", "fp32", sys.stdin.buffer.read())
session = runtime("onnxruntime").load(artifact, SessionOptions())
ids = np.ones((4, 30), dtype=np.int32)
feeds = {"input_ids": ids, "attention_mask": ids}
expected = session.run(feeds)["emotion"]
child = os.fork()
if child == 0:
    os._exit(0 if all(np.array_equal(session.run(feeds)["emotion"], expected) for _ in range(100)) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_session_with_one_thread_works_in_a_forked_process(encoder: bytes) -> None:
    done = subprocess.run([sys.executable, "-c", FORK], input=encoder, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


class FakeLibrary:
    """Stands for a build of onnxruntime with a CUDA provider that starts, or does not."""

    __version__ = "1.32.0"
    SessionOptions = onnxruntime.SessionOptions
    ExecutionMode = onnxruntime.ExecutionMode
    GraphOptimizationLevel = onnxruntime.GraphOptimizationLevel

    def __init__(self, *, works: bool) -> None:
        self.works = works
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def InferenceSession(self, data: bytes, options: Any, providers: Any) -> Any:
        self.asked = providers
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        listed = [name for name, _ in providers] if self.works else ["CPUExecutionProvider"]
        session.get_providers = lambda: listed
        return session


def on_cuda(
    encoder: bytes, library: FakeLibrary, monkeypatch: pytest.MonkeyPatch, device: str = "cuda"
) -> Session:
    monkeypatch.setattr(onnxruntime_backend, "import_onnxruntime", lambda: library)
    artifact = Artifact("tiny.onnx", "onnxruntime", "fp32", encoder)
    return BACKEND.load(artifact, SessionOptions(device=device))


@pytest.mark.parametrize("device", ["cuda", "CUDA"])
def test_a_device_is_asked_for_by_name(encoder: bytes, monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    library = FakeLibrary(works=True)
    session = on_cuda(encoder, library, monkeypatch, device)
    assert [name for name, _ in library.asked] == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert session.run(feeds([["great"]]))["sentiment"].shape == (1, 3)
    assert BACKEND.probe().devices == ("cpu", "cuda")


def test_a_device_that_is_listed_but_broken_is_refused(
    encoder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackendUnavailableError, match=r"listed but does not work.*fell back to CPUExecution"):
        on_cuda(encoder, FakeLibrary(works=False), monkeypatch)


def test_a_device_that_this_build_lacks_is_named_with_the_build_that_has_it(
    encoder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackendUnavailableError, match="pip install onnxruntime-directml"):
        on_cuda(encoder, FakeLibrary(works=True), monkeypatch, "directml")
    with pytest.raises(BackendUnavailableError, match="no device 'abacus'"):
        on_cuda(encoder, FakeLibrary(works=True), monkeypatch, "abacus")


def test_an_operator_that_it_does_not_know_is_a_reason(encoder: bytes) -> None:
    with pytest.raises(BackendLoadError, match="Gathex"):
        load(encoder.replace(b"Gather", b"Gathex"))
