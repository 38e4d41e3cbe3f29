"""The benchmarks run and report what they promise. Times are never asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.tiny_bundle import MAX_TOKENS, make_tiny_bundle
from tests.support.tiny_models import MODULES, make_three_backend_bundle

from edgewise_runtimes.packages import missing_module

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("bench") / "tiny")


def bench(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300)


def figures(name: str, tiny: Path, folder: Path, *arguments: object) -> dict:
    file = folder / "figures.json"
    done = bench(name, "--model", tiny, "--json", file, *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["title"] in done.stdout
    assert found["machine"]["cpu"]
    return found


@pytest.mark.slow
def test_import_time(tiny: Path, tmp_path: Path) -> None:
    found = figures("import_time.py", tiny, tmp_path, "--runs", 1)
    assert {"bare interpreter", "import edgewise", "first answer"} <= set(found["start"])
    assert all(each["p50_until_exit_s"] > each["p50_s"] > 0 for each in found["start"].values())


def test_latency(tiny: Path, tmp_path: Path) -> None:
    found = figures("latency.py", tiny, tmp_path, "--runs", 3, "--tokens", 4, MAX_TOKENS)
    assert list(found["latency"]) == ["4", str(MAX_TOKENS)]
    for each in found["latency"].values():
        assert each["p99_us"] >= each["p50_us"] > 0
        assert {"language", "normalise", "tokenise", "model", "n-grams", "rest"} == set(each["stages_us"])


def test_a_length_that_cannot_be_made_is_told(tiny: Path) -> None:
    done = bench("latency.py", "--model", tiny, "--runs", 1, "--tokens", MAX_TOKENS + 1)
    assert done.returncode != 0
    assert f"{MAX_TOKENS + 1} tokens" in done.stderr
    assert "Traceback" not in done.stderr


def test_memory(tiny: Path, tmp_path: Path) -> None:
    found = figures("memory.py", tiny, tmp_path, "--count", 300)["memory_bytes"]
    assert found["analyses"] >= 300
    assert found["before_loading"] < found["loaded"] <= found["peak"]
    assert len(found["samples"]) > 10


def test_overhead(tiny: Path, tmp_path: Path) -> None:
    found = figures("overhead.py", tiny, tmp_path, "--runs", 3, "--tokens", MAX_TOKENS)["overhead"]
    told, fixed = (found[f"{MAX_TOKENS} tokens, language {how}"] for how in ("told", "fixed"))
    for each in (told, fixed):
        assert each["analyze_us"] > each["run_us"] > 0 and each["tokens_us"] > 0
        assert each["analyze_us"] > each["sdk_us"] > 0
    assert told["language_us"] > 0 == fixed["language_us"]


def test_a_missing_peer_is_told_with_its_pip_line(tmp_path: Path) -> None:
    (tmp_path / "lingua.py").write_text("raise ImportError('not here')\n")
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT / 'benchmarks')!r}]; import peers; "
        "peers._load('lingua')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "pip install lingua-language-detector" in done.stderr
    assert "Traceback" not in done.stderr


def test_choice_needs_something_to_choose_from(tiny: Path) -> None:
    done = bench("choice.py", "--model", tiny, "--runs", 1)
    assert done.returncode == 1
    assert "nothing to decide between" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(any(map(missing_module, MODULES.values())), reason="not every backend is installed")
def test_choice(tmp_path: Path) -> None:
    three = make_three_backend_bundle(tmp_path / "three")
    found = figures("choice.py", three, tmp_path, "--runs", 1, "--rounds", 3)["choice"]
    assert set(found["measured"]) == {f"{name}/fp32" for name in MODULES}
    assert set(found["chosen"]) <= set(found["measured"])
    assert found["first_s"][0] > found["remembered_s"][0] > 0
    assert 0.0 <= found["within_5_percent"] <= 1.0 and min(found["behind_the_best"]) >= 0.0


def test_agreement_names_languages_and_what_cannot_be_served(tiny: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="agreement is measured with what converts models")
    rows = [f"you are a great {word},{language}" for word in ("legend", "idiot") for language in ("en", "de")]
    (tmp_path / "dev.csv").write_text("\n".join(["text,lang", *(rows * 60), "great,fr"]), encoding="utf-8")
    found = figures("agreement.py", tiny, tmp_path, "--data", tmp_path / "dev.csv", "--texts", 200)
    assert {each["encoder"] for each in found["agreement"]} == {"encoder"}
    own = next(each for each in found["agreement"] if each["form"].startswith("onnxruntime"))
    assert {"de", "en", "fr"} == set(own["told"]["agreement"]["sentiment"])
    assert not own["below"]
    done = bench("agreement.py", "--model", tiny, "--data", tmp_path / "dev.csv", "--texts", 200)
    assert "too few texts" in done.stdout
    assert done.returncode == 0


@pytest.mark.skipif(any(map(missing_module, MODULES.values())), reason="not every backend is installed")
def test_growth(tmp_path: Path) -> None:
    three = make_three_backend_bundle(tmp_path / "three")
    found = figures("growth.py", three, tmp_path, "--runs", 50)["growth"]
    assert set(found) == set(MODULES)
    for each in found.values():
        assert len(each["held_bytes"]) == 5 and min(each["held_bytes"]) > 0
