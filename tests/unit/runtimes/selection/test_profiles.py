"""Classes of devices: which one a machine is of, and what it prefers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgewise_runtimes import hardware_report
from edgewise_runtimes.selection import profiles as module
from edgewise_runtimes.selection.candidate import Candidate
from edgewise_runtimes.selection.profiles import CONDITIONS, machine_facts, profile_of, profiles

X86 = {"machine": ("x86_64",), "system": ("linux",)}
OFFERED = [
    Candidate("onnxruntime", "int8-weights"),
    Candidate("onnxruntime", "fp32"),
    Candidate("openvino", "int8"),
    Candidate("tflite", "int8-dynamic"),
    Candidate("abacus", "wood"),
]


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({**X86, "flag": ("avx2", "avx512_vnni")}, "laptop-vnni"),
        ({**X86, "flag": ("avx2",)}, "laptop"),
        ({"machine": ("AMD64",), "system": ("win32",), "flag": ()}, "laptop"),
        ({**X86, "flag": ("avx_vnni",), "accelerator": ("npu",)}, "intel-npu"),
        ({**X86, "flag": ("avx_vnni",), "accelerator": ("cuda", "npu")}, "cuda-server"),
        (
            {"machine": ("aarch64",), "system": ("linux",), "board": ("Raspberry Pi 5 Model B Rev 1.0",)},
            "raspberry-pi",
        ),
        ({"machine": ("aarch64",), "system": ("linux", "android")}, "phone-arm64"),
        ({"machine": ("arm64",), "system": ("ios",)}, "phone-arm64"),
        ({"machine": ("arm64",), "system": ("darwin",)}, "any"),
        ({"machine": ("riscv64",), "system": ("linux",)}, "any"),
    ],
)
def test_the_most_special_class_is_found(facts: dict[str, tuple[str, ...]], name: str) -> None:
    assert profile_of(facts).name == name


def test_a_profile_orders_what_there_is_and_leaves_nothing_out() -> None:
    by_name = {profile.name: profile for profile in profiles()}
    vnni = by_name["laptop-vnni"].order(OFFERED)
    assert [str(each) for each in vnni] == [
        "tflite/int8-dynamic",
        "openvino/int8",
        "onnxruntime/int8-weights",
        "onnxruntime/fp32",
        "abacus/wood",
    ]
    assert by_name["any"].order(OFFERED) == OFFERED
    assert by_name["cuda-server"].order(OFFERED)[0] == Candidate("onnxruntime", "fp32", "cuda")
    assert str(by_name["intel-npu"].order(OFFERED)[0]) == "openvino:npu/int8"


def test_every_profile_says_what_it_means() -> None:
    raw = json.loads(Path(module.__file__).with_name("profiles.json").read_text(encoding="utf-8"))
    assert len({each["name"] for each in raw}) == len(raw)
    assert not raw[-1]["when"], "the last one is for everything else"
    for profile in profiles():
        assert set(profile.when) <= set(CONDITIONS)
        assert profile.about
        assert all(pattern.count("/") == 1 for pattern in profile.prefer)
        for order in (profile.order(OFFERED), profile.order([])):
            assert len(set(order)) == len(order)


def test_facts_are_read_from_the_system(tmp_path: Path) -> None:
    report = replace(hardware_report(), machine="aarch64", flags=("asimd",), cpu="Cortex-A76")
    assert machine_facts(report, tmp_path)["accelerator"] == ()
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").write_text("NVRM")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidiactl").write_text("")
    (tmp_path / "sys/bus/pci/drivers/intel_vpu/0000:00:0b.0").mkdir(parents=True)
    facts = machine_facts(report, tmp_path)
    assert facts["board"][0] == "Raspberry Pi 5 Model B Rev 1.0"
    assert facts["accelerator"] == ("cuda", "npu")
    assert facts["machine"] == ("aarch64",)
