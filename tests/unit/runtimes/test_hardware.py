"""What the machine is, from files made by the test, and on the machine at hand."""

from pathlib import Path

import pytest

from edgewise_runtimes import hardware_report

X86 = """processor\t: 0
model name\t: AMD EPYC 9B14
flags\t\t: fpu sse2 avx2 avx512f avx512_vnni avx512_bf16

processor\t: 1
model name\t: another
flags\t\t: fpu amx_int8
"""
ARM = """processor\t: 0
Features\t: fp asimd asimddp i8mm

Hardware\t: BCM2835
Model\t\t: Raspberry Pi 5 Model B
"""


@pytest.mark.parametrize(
    ("cpuinfo", "cpu", "flags"),
    [
        (X86, "AMD EPYC 9B14", ("avx2", "avx512f", "avx512_vnni", "avx512_bf16")),
        (ARM, "Raspberry Pi 5 Model B", ("asimd", "asimddp", "i8mm")),
    ],
)
def test_processor_and_features(tmp_path: Path, cpuinfo: str, cpu: str, flags: tuple[str, ...]) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text(cpuinfo)
    report = hardware_report(tmp_path)
    assert (report.cpu, report.flags) == (cpu, flags)


def test_a_system_that_says_nothing(tmp_path: Path) -> None:
    report = hardware_report(tmp_path)
    assert report.flags == ()
    assert report.cpu
    assert report.memory_limit_bytes is None


def test_the_machine_at_hand() -> None:
    report = hardware_report()
    assert report.machine
    assert report.system
    assert report.threads.threads >= 1
    assert report.memory_bytes is None or report.memory_bytes > 2**20
