"""Shadow mode in one line: the answers are the champion's, whatever becomes of the challenger."""

import asyncio
import os
import signal
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.update_repository import Made
from tests.unit.updates.conftest import Take

from edgewise import Analyzer
from edgewise.errors import UnknownTaskError
from edgewise.updates import Store
from edgewise.updates.channels_errors import ChallengerError, ShadowError
from edgewise.updates.shadow_analyzer import ShadowAnalyzer
from edgewise.updates.shadow_process import ChallengerProcess
from edgewise.updates.upkeep import rollback


def contrary(spec: dict[str, Any]) -> None:
    """Say negative for positive."""
    encoder = spec["models"]["encoder"]
    encoder["tasks"]["sentiment"]["labels"].reverse()
    for golden in encoder["golden"]:
        said = golden["expected"]["sentiment"]
        golden["expected"]["sentiment"] = {"positive": "negative", "negative": "positive"}[said]


@pytest.fixture
def pulled(made: Made, take: Take) -> Store:
    """The device uses 1.0.0, and 1.1.0 is here beside it."""
    made.publish("1.0.0")
    take()
    made.publish("1.1.0", contrary)
    done = take("tiny@1.1.0", beside=True)
    assert (done.version, done.changed) == ("1.1.0", False)
    return Store()


def test_a_challenger_is_fetched_without_being_used(made: Made, take: Take, pulled: Store) -> None:
    assert Analyzer("tiny").bundle.manifest.version == "1.0.0"
    assert Analyzer("tiny@1").bundle.manifest.version == "1.0.0"
    assert Analyzer("tiny@1.1.0").bundle.manifest.version == "1.1.0"
    made.publish("1.2.0")
    take(how=_keep_one())
    assert {each.version for each in pulled.installed("tiny")} == {"1.1.0", "1.2.0"}
    assert take("tiny@1.1.0").changed
    assert pulled.state("tiny").beside is None
    take("tiny@1.2.0", beside=True)
    assert rollback(pulled, "tiny").name.startswith("1.2.0")


def _keep_one() -> Any:
    from edgewise.updates.network import Network
    from edgewise.updates.pulling import How

    return How(network=Network(proxies={}), keep=1)


def test_every_way_of_asking_is_read_by_the_challenger(pulled: Store) -> None:
    texts = ["great", "idiot", "great", "good"]
    with Analyzer("tiny") as alone, ShadowAnalyzer("tiny", challenger="tiny@1.1.0", share=1.0) as analyzer:
        answers = [
            analyzer.analyze(texts[0]),
            *analyzer.analyze_batch(texts[1:2]),
            *analyzer.stream(texts[2:3]),
            asyncio.run(analyzer.aanalyze(texts[3])),
        ]
        analyzer.analyze("great", thresholds={"sentiment": 0.9})  # not the model's own answer
        assert analyzer.shadow.flush(60)
        for text, answer in zip(texts, answers, strict=True):
            assert answer.model == "tiny@1.0.0"
            assert answer.sentiment == alone.analyze(text).sentiment
    counts = analyzer.shadow.log.read()
    pair = ("tiny@1.0.0", "tiny@1.1.0")
    assert {key[2]: n for key, n in counts.all.items()} == dict.fromkeys(
        ("language", "sentiment", "toxicity", "emotion"), 4
    )
    assert counts.differing[(*pair, "sentiment", "und", "positive", "negative")] == 3
    assert counts.differing[(*pair, "sentiment", "und", "negative", "positive")] == 1
    assert counts.differing.total() == 4
    assert counts.failures.total() == counts.dropped == 0
    assert (pulled.folder / "shadow.sqlite").exists()


def test_a_challenger_that_is_not_there_is_counted_and_no_more(pulled: Store) -> None:
    with ShadowAnalyzer("tiny", challenger="tiny@7.0.0", share=1.0) as analyzer:
        for _ in range(3):
            assert analyzer.analyze("great").sentiment.label == "positive"
        assert analyzer.shadow.flush(60)
    counts = analyzer.shadow.log.read()
    assert counts.failures == {("tiny@1.0.0", ""): 3}
    assert counts.agreement is None


def test_a_challenger_whose_process_is_killed_takes_nobody_along(pulled: Store) -> None:
    challenger = ChallengerProcess("tiny@1.1.0")
    for _ in range(2):
        assert challenger.analyze("great").sentiment.label == "negative"
        assert challenger._child is not None
        os.kill(challenger._child.pid, signal.SIGKILL)
        with pytest.raises(ChallengerError, match="ended with code -9"):
            while True:  # what the pipe still held may be answered
                challenger.analyze("great")
    challenger.close()
    challenger.close()
    with pytest.raises(ChallengerError, match="closed"):
        challenger.analyze("great")


def script(path: Path, code: str) -> str:
    path.write_text(f"#!{sys.executable}\n{code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_challenger_that_crashes_again_and_again_is_left_alone(tmp_path: Path) -> None:
    program = script(tmp_path / "python", f"open({str(tmp_path / 'starts')!r}, 'a').write('x')")
    challenger = ChallengerProcess("tiny", executable=program)
    for reason in ("code 0", "code 0", "code 0", "3 times", "3 times"):
        with pytest.raises(ChallengerError, match=reason):
            challenger.analyze("great")
    assert (tmp_path / "starts").read_text() == "xxx"
    with pytest.raises(ChallengerError, match="no process can be started"):
        ChallengerProcess("tiny", executable=str(tmp_path / "nobody")).analyze("great")


def test_a_challenger_that_hangs_is_ended(tmp_path: Path) -> None:
    program = script(tmp_path / "python", "import time; time.sleep(300)")
    challenger = ChallengerProcess("tiny", seconds=0.3, executable=program)
    begin = time.monotonic()
    with pytest.raises(ChallengerError, match="code -9"):
        challenger.analyze("great")
    assert time.monotonic() - begin < 60


def test_what_is_wrong_with_a_call_is_the_champion_s_word(pulled: Store) -> None:
    with ShadowAnalyzer("tiny", challenger="tiny@1.1.0", share=1.0) as analyzer:
        with pytest.raises(TypeError):
            analyzer.analyze(7)  # type: ignore[arg-type]
        assert len(analyzer.analyze_batch(["great", None], on_error="return")) == 2  # type: ignore[list-item]
        assert analyzer.shadow.flush(60)
    assert analyzer.shadow.log.read().all.total() == 4
    with pytest.raises(ShadowError, match="share"):
        ShadowAnalyzer("tiny", challenger="tiny@1.1.0", share=2.0)
    with pytest.raises(UnknownTaskError):
        ShadowAnalyzer("tiny", challenger="tiny@1.1.0", tasks=["mood"])


def test_a_champion_may_be_reloaded_in_shadow_mode(made: Made, take: Take, pulled: Store) -> None:
    with ShadowAnalyzer("tiny", challenger="tiny@1.1.0", share=1.0) as analyzer:
        made.publish("1.2.0")
        take()
        assert analyzer.reload()
        assert analyzer.analyze("great").model == "tiny@1.2.0"
        assert analyzer.shadow.flush(60)
    assert ("tiny@1.2.0", "tiny@1.1.0", "sentiment", "und") in analyzer.shadow.log.read().all
