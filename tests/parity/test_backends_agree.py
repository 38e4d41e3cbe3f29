"""Every backend installed gives the same answers to the same feeds, those that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.support.tiny_bundle import WORDS
from tests.support.tiny_models import BACKENDS, TASKS, tiny_artifact

from edgewise.labels import LABELS
from edgewise_runtimes import Session, SessionOptions, runtime

TOLERANCE = 1e-4
"""In logits; float32 sums in another order differ by less."""

VOCABULARY = len(WORDS) + 2
Feeds = dict[str, NDArray[np.int32]]


@pytest.fixture(scope="module", params=BACKENDS)
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    name: str = request.param
    made = runtime(name).load(tiny_artifact(name), SessionOptions(threads=1))
    yield made
    made.close()


@pytest.fixture(scope="module")
def reference() -> Session:
    """What comes with a plain install."""
    return runtime("onnxruntime").load(tiny_artifact("onnxruntime"), SessionOptions(threads=1))


def rows(batch: int, length: int, *, padded: bool = False) -> Feeds:
    rng = np.random.default_rng((batch, length))
    mask = np.ones((batch, length), np.int32)
    if padded:
        for row, size in zip(mask, rng.integers(1, length + 1, batch), strict=True):
            row[size:] = 0
    return {
        "input_ids": rng.integers(0, VOCABULARY, (batch, length)).astype(np.int32) * mask,
        "attention_mask": mask,
    }


def furthest(one: dict[str, NDArray[np.float32]], two: dict[str, NDArray[np.float32]]) -> float:
    assert one.keys() == two.keys() == set(TASKS)
    assert all(one[task].shape == two[task].shape for task in TASKS)
    return max(float(np.abs(one[task] - two[task]).max()) for task in TASKS)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("batch", [1, 2, 5])
@pytest.mark.parametrize("length", [1, 3, 4, 5, 17, 64, 128])
def test_answers_are_the_same(
    session: Session, reference: Session, batch: int, length: int, padded: bool
) -> None:
    feeds = rows(batch, length, padded=padded)
    expected = reference.run(feeds)
    assert furthest(session.run(feeds), expected) <= TOLERANCE
    assert max(float(np.ptp(values)) for values in expected.values()) > 0.5, "or the bound would say nothing"


@given(st.lists(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=40), min_size=1, max_size=6))
@settings(max_examples=40)
def test_any_rows_get_the_same_answers(session: Session, reference: Session, texts: list[list[int]]) -> None:
    length = max(map(len, texts))
    ids = np.zeros((len(texts), length), np.int32)
    mask = np.zeros_like(ids)
    for place, text in enumerate(texts):
        ids[place, : len(text)], mask[place, : len(text)] = text, 1
    feeds = {"input_ids": ids, "attention_mask": mask}
    assert furthest(session.run(feeds), reference.run(feeds)) <= TOLERANCE


@pytest.mark.parametrize("length", [1, 7, 64])
def test_a_row_does_not_depend_on_its_neighbours(session: Session, length: int) -> None:
    feeds = rows(5, length)
    together = session.run(feeds)
    for place in range(5):
        alone = session.run({name: values[place : place + 1] for name, values in feeds.items()})
        for task in TASKS:
            np.testing.assert_allclose(together[task][place], alone[task][0], atol=1e-5)


def test_padding_changes_nothing(session: Session) -> None:
    short = rows(1, 3)
    padded = {name: np.pad(values, ((0, 0), (0, 6))) for name, values in short.items()}
    assert furthest(session.run(short), session.run(padded)) <= 1e-5


@pytest.mark.parametrize("shape", [(0, 4), (2, 0)])
def test_empty_batches_and_texts_have_a_result(session: Session, shape: tuple[int, int]) -> None:
    nothing = np.zeros(shape, dtype=np.int32)
    found = session.run({"input_ids": nothing, "attention_mask": nothing})
    assert {task: values.shape for task, values in found.items()} == {
        task: (shape[0], len(LABELS[task])) for task in TASKS
    }
    assert all(np.isfinite(values).all() for values in found.values())


def test_outputs_are_the_callers_to_keep(session: Session) -> None:
    first = session.run(rows(2, 5))
    kept = {task: values.copy() for task, values in first.items()}
    session.run(rows(2, 6))
    assert furthest(first, kept) == 0
    assert all(values.dtype == np.float32 for values in first.values())


def test_many_threads_get_their_own_answers(session: Session) -> None:
    lengths = [2, 5, 9, 20, 33, 60]
    expected = {length: session.run(rows(2, length)) for length in lengths}
    wrong: list[int] = []

    def work(length: int) -> None:
        for _ in range(30):
            if furthest(session.run(rows(2, length)), expected[length]) > 1e-5:
                wrong.append(length)

    threads = [Thread(target=work, args=(length,)) for length in lengths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
