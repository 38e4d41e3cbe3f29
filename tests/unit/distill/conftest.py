"""One thread for the small networks of these tests: more of them only wait for each other."""

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch", reason="students are trained with the extra 'train'")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
