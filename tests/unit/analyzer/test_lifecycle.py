"""A value that threads share and that may be closed while it is in use."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from edgewise.engine.lifecycle import PerProcess
from edgewise.errors import AnalyzerClosedError


class Maker:
    """Counts what is made and freed."""

    def __init__(self) -> None:
        self.made = 0
        self.freed: list[str] = []

    def make(self) -> str:
        self.made += 1
        return f"value {self.made}"


def test_the_value_is_made_on_first_use_and_only_once() -> None:
    maker = Maker()
    held = PerProcess(maker.make, maker.freed.append)
    assert maker.made == 0
    for _ in range(3):
        with held.use() as value:
            assert value == "value 1"
    assert (maker.made, maker.freed) == (1, [])


def test_threads_that_come_at_once_get_one_value() -> None:
    maker, barrier = Maker(), threading.Barrier(8)
    held = PerProcess(maker.make, maker.freed.append)

    def work(_: int) -> str:
        barrier.wait(30)
        with held.use() as value:
            return value

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {"value 1"}
    assert maker.made == 1


def test_close_frees_at_once_what_nobody_uses_and_only_once() -> None:
    maker = Maker()
    held = PerProcess(maker.make, maker.freed.append)
    with held.use():
        pass
    held.close()
    held.close()
    assert maker.freed == ["value 1"]
    assert held.closed


def test_close_while_in_use_frees_after_the_last_user() -> None:
    maker = Maker()
    held = PerProcess(maker.make, maker.freed.append)
    with held.use():
        with held.use():
            held.close()
            assert maker.freed == []
        assert maker.freed == []
        with pytest.raises(AnalyzerClosedError), held.use():
            pass
    assert maker.freed == ["value 1"]


def test_close_before_use_makes_and_frees_nothing() -> None:
    maker = Maker()
    held = PerProcess(maker.make, maker.freed.append)
    held.close()
    with pytest.raises(AnalyzerClosedError), held.use():
        pass
    assert (maker.made, maker.freed) == (0, [])


def test_a_user_that_fails_gives_the_value_back() -> None:
    maker = Maker()
    held = PerProcess(maker.make, maker.freed.append)
    with pytest.raises(KeyError), held.use():
        raise KeyError
    held.close()
    assert maker.freed == ["value 1"]


def test_a_failed_making_is_tried_again() -> None:
    answers = iter([OSError("no"), "value"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    held = PerProcess(make, lambda value: None)
    with pytest.raises(OSError, match="no"), held.use():
        pass
    with held.use() as value:
        assert value == "value"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_another_process_makes_its_own_and_leaves_the_first_alone() -> None:
    maker = Maker()
    held = PerProcess(maker.make, maker.freed.append)
    with held.use() as value:
        assert value == "value 1"
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            with held.use() as value:
                held.close()
            os.write(writing, f"{value}, freed {maker.freed}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        assert told.read() == "value 2, freed ['value 2']"
    os.waitpid(child, 0)
    with held.use() as value:
        assert value == "value 1"
    held.close()
    assert maker.freed == ["value 1"]


class Racing:
    """Users that come and go while a value is closed."""

    def __init__(self) -> None:
        self.held = PerProcess(lambda: ["open"], self.free)
        self.barrier = threading.Barrier(5)
        self.freed = 0

    def free(self, value: list[str]) -> None:
        value.clear()
        self.freed += 1

    def use_until_closed(self) -> bool:
        """Return whether the value was never freed while it was in use."""
        self.barrier.wait(30)
        while True:
            try:
                with self.held.use() as value:
                    if not value:
                        return False
            except AnalyzerClosedError:
                return True


def test_a_close_amid_many_users_frees_once_and_never_under_one() -> None:
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            racing = Racing()
            with racing.held.use():
                pass
            users = [pool.submit(racing.use_until_closed) for _ in range(4)]
            racing.barrier.wait(30)
            racing.held.close()
            assert all(user.result(30) for user in users)
            assert racing.freed == 1
