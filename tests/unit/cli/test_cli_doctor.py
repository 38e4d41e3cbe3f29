"""`edgewise doctor`: says what is here, and fails exactly when something needed is broken."""

import json
import re
from pathlib import Path

import pytest
from tests.support.tiny_bundle import make_tiny_bundle
from tests.unit.cli.conftest import Run

from edgewise.bundle import locate
from edgewise.cli import diagnosis
from edgewise_runtimes import BackendChoice, Probe


class BrokenRuntime:
    name = "abacus"
    hint = "Run: pip install abacus"

    def probe(self) -> Probe:
        return Probe(ok=False, reason="beads are missing")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    # Whatever imported onnxruntime earlier in this process.
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "1")
    return tmp_path


def test_all_is_well_with_a_good_model(edgewise: Run, tiny: Path) -> None:
    done = edgewise("doctor", "--model", tiny)
    assert done.exit_code == 0
    assert done.stdout.rstrip().endswith("All is well.")
    for title in ("machine", "versions", "backends", "paths", "models", "chosen backends"):
        assert f"{title}\n" in done.stdout
    assert "test inputs answered as expected" in done.stdout


def test_json_is_one_object(edgewise: Run, tiny: Path) -> None:
    found = json.loads(edgewise("doctor", "--model", tiny, "--json").stdout)
    assert found["ok"] is True
    assert found["problems"] == []
    assert found["backends"]["onnxruntime"]["ok"] is True
    assert found["machine"]["threads"]["threads"] >= 1
    assert found["versions"]["numpy"]
    assert found["paths"]["cache"]["path"].endswith("edgewise")


def broken(edgewise: Run, folder: Path) -> str:
    done = edgewise("doctor", "--model", folder)
    assert done.exit_code == 1
    assert "Something that is needed is broken." in done.stdout
    assert "Problem: " in done.stdout
    return done.stdout


def test_a_changed_file_is_found(edgewise: Run, tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    data = bytearray((folder / "tiny.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "tiny.onnx").write_bytes(data)
    assert "sha256" in broken(edgewise, folder)


def test_a_missing_file_is_found(edgewise: Run, tmp_path: Path) -> None:
    folder = make_tiny_bundle(tmp_path / "tiny")
    (folder / "tokenizer.json").unlink()
    assert "tokenizer.json" in broken(edgewise, folder)


@pytest.mark.parametrize(
    "expected",
    [{"sentiment": "negative"}, {"sentiment": {"positive": 0.1}}, {"sentiment": {"cheerful": 0.5}}],
)
def test_a_wrong_answer_to_a_test_input_is_found(edgewise: Run, tmp_path: Path, expected: dict) -> None:
    def edit(spec: dict) -> None:
        spec["models"]["encoder"]["golden"] = [{"text": "great", "expected": expected}]

    assert "test input 'great'" in broken(edgewise, make_tiny_bundle(tmp_path / "tiny", edit))


def test_a_missing_model_is_found(edgewise: Run) -> None:
    assert "no bundle 'nowhere'" in broken(edgewise, Path("nowhere"))


def test_a_package_without_its_model_is_broken(
    edgewise: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "_MODELS", tmp_path)
    done = edgewise("doctor")
    assert done.exit_code == 1
    assert "holds no 'edgewise-base'" in done.stdout


def test_a_backend_that_cannot_be_used_is_no_problem_while_another_can(
    edgewise: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = diagnosis.runtimes()
    monkeypatch.setattr(diagnosis, "runtimes", lambda: {**real, "abacus": BrokenRuntime()})
    done = edgewise("doctor", "--model", tiny)
    assert done.exit_code == 0
    assert "no: beads are missing. Run: pip install abacus" in done.stdout
    monkeypatch.setattr(diagnosis, "runtimes", lambda: {"abacus": BrokenRuntime()})
    assert edgewise("doctor", "--model", tiny).exit_code == 1


def test_two_builds_of_onnxruntime_are_a_warning_with_the_remedy(
    edgewise: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = diagnosis.version_of
    monkeypatch.setattr(
        diagnosis, "version_of", lambda name: "1.20" if name.startswith("onnxruntime") else real(name)
    )
    done = edgewise("doctor", "--model", tiny)
    assert done.exit_code == 0
    assert "Warning: onnxruntime and onnxruntime-gpu" in done.stdout
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in done.stdout


def test_one_build_of_onnxruntime_is_enough_whichever(
    edgewise: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {"onnxruntime": None, "onnxruntime-gpu": "1.20"}
    real = diagnosis.version_of
    monkeypatch.setattr(
        diagnosis, "version_of", lambda name: versions[name] if name in versions else real(name)
    )
    found = json.loads(edgewise("doctor", "--model", tiny, "--json").stdout)
    assert found["ok"]
    assert found["warnings"] == []
    assert found["versions"]["onnxruntime"] == "onnxruntime-gpu 1.20"


def test_telemetry_that_is_on_is_a_warning_with_the_remedy(
    edgewise: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert re.search("telemetry of onnxruntime +off\n", edgewise("doctor", "--model", tiny).stdout)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    done = edgewise("doctor", "--model", tiny)
    assert done.exit_code == 0
    assert "telemetry is on, because ORT_DISABLE_TELEMETRY is '0'. Set ORT_DISABLE_TELEMETRY=1" in done.stdout


def test_the_choice_of_a_backend_is_shown_with_its_reason(edgewise: Run, tiny: Path) -> None:
    found = json.loads(edgewise("doctor", "--model", tiny, "--json").stdout)
    ((_, choice),) = found["chosen backends"].items()
    assert (choice["chosen"], choice["precision"]) == ("onnxruntime", "fp32")
    assert choice["shown"] == "onnxruntime/fp32 (the only one the model is made for)"


def test_what_was_measured_and_rejected_is_shown(
    edgewise: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = BackendChoice(
        "tflite",
        (("onnxruntime/int8", "measured 1.50 ms"), ("openvino", "openvino is not installed")),
        {"tflite/int8": 0.8, "onnxruntime/int8": 1.5},
        precision="int8",
        how="measured",
        profile="laptop-vnni",
    )
    monkeypatch.setattr("edgewise.Analyzer.backend_report", lambda self: choice)
    shown = edgewise("doctor", "--model", tiny).stdout
    assert (
        "tflite/int8 (0.80 ms); not onnxruntime/int8: measured 1.50 ms; not openvino: openvino is not"
        in shown
    )
    assert "(profile laptop-vnni; measured)" in shown


def test_a_folder_that_cannot_be_written_is_a_warning(
    edgewise: Run, tiny: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    done = edgewise("doctor", "--model", tiny)
    assert done.exit_code == 0
    assert "NOT WRITABLE" in done.stdout
    assert "Warning: The cache folder" in done.stdout
