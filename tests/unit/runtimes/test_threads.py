"""Thread counts from processors, affinity and control groups; the groups are folders made by the test."""

import os
from pathlib import Path

import pytest

from edgewise_runtimes import available_threads, thread_report
from edgewise_runtimes.cgroup import cpu_quota, memory_limit


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 16 processors of which the process may use 8."""
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


V2 = {"proc/self/cgroup": "0::/app/worker\n"}
V1 = {"proc/self/cgroup": "12:memory:/app\n4:cpu,cpuacct:/app\n1:name=systemd:/app\n"}


def test_without_groups_affinity_counts(tmp_path: Path) -> None:
    report = thread_report(tmp_path)
    assert (report.threads, report.processors, report.affinity, report.quota) == (8, 16, 8, None)


def test_without_affinity_processors_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert available_threads(tmp_path) == 16
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_threads(tmp_path) == 1


@pytest.mark.parametrize(
    ("quota", "threads"),
    [
        ("150000 100000", 2),
        ("200000 100000", 2),
        ("50000 100000", 1),
        ("1000 100000", 1),
        ("6400000 100000", 8),
        ("max 100000", 8),
    ],
)
def test_a_version_2_quota_is_rounded_up(tmp_path: Path, quota: str, threads: int) -> None:
    tree(tmp_path, V2 | {"sys/fs/cgroup/app/worker/cpu.max": quota + "\n"})
    assert available_threads(tmp_path) == threads


def test_the_least_quota_on_the_way_up_counts(tmp_path: Path) -> None:
    tree(
        tmp_path,
        V2
        | {
            "sys/fs/cgroup/app/worker/cpu.max": "max 100000\n",
            "sys/fs/cgroup/app/cpu.max": "300000 100000\n",
            "sys/fs/cgroup/cpu.max": "400000 100000\n",
            "sys/fs/cgroup/other/cpu.max": "100000 100000\n",
        },
    )
    assert cpu_quota(tmp_path) == 3.0


def test_in_a_container_the_group_of_the_host_is_not_there_and_the_mount_counts(tmp_path: Path) -> None:
    tree(tmp_path, {"proc/self/cgroup": "0::/docker/0123\n", "sys/fs/cgroup/cpu.max": "250000 100000\n"})
    assert available_threads(tmp_path) == 3


@pytest.mark.parametrize("path", ["/", "/../..", "/../sibling"])
def test_a_path_out_of_the_mount_means_the_mount(tmp_path: Path, path: str) -> None:
    tree(tmp_path, {"proc/self/cgroup": f"0::{path}\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"})
    tree(tmp_path, {"sys/fs/cpu.max": "1 1000000\n", "sys/fs/sibling/cpu.max": "1 1000000\n"})
    assert cpu_quota(tmp_path) == 1.0


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize("group", ["app", "."])
def test_a_version_1_quota(tmp_path: Path, mount: str, group: str) -> None:
    place = f"sys/fs/cgroup/{mount}/{group}"
    tree(tmp_path, V1 | {f"{place}/cpu.cfs_quota_us": "250000\n", f"{place}/cpu.cfs_period_us": "100000\n"})
    assert cpu_quota(tmp_path) == 2.5
    assert available_threads(tmp_path) == 3


def test_a_version_1_group_without_quota(tmp_path: Path) -> None:
    place = "sys/fs/cgroup/cpu/app"
    tree(tmp_path, V1 | {f"{place}/cpu.cfs_quota_us": "-1\n", f"{place}/cpu.cfs_period_us": "100000\n"})
    assert cpu_quota(tmp_path) is None


def test_both_versions_at_once(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/app\n0::/app\n",
            "sys/fs/cgroup/cpu/app/cpu.cfs_quota_us": "500000\n",
            "sys/fs/cgroup/cpu/app/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/unified/app/cpu.max": "400000 100000\n",
        },
    )
    assert cpu_quota(tmp_path) == 4.0


@pytest.mark.parametrize(
    "text", ["", "max", "0 100000", "100000 0", "many 100000", "1 2 3", "\x00\xff", "²5 1"]
)
def test_an_unreadable_quota_is_no_quota(tmp_path: Path, text: str) -> None:
    tree(tmp_path, V2 | {"sys/fs/cgroup/app/worker/cpu.max": text})
    assert available_threads(tmp_path) == 8


@pytest.mark.parametrize("text", ["", "no colons", "0::", ":::", "0:cpu:/app\n\n"])
def test_an_odd_list_of_groups_is_no_quota(tmp_path: Path, text: str) -> None:
    tree(tmp_path, {"proc/self/cgroup": text})
    assert available_threads(tmp_path) == 8


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        (
            V2
            | {"sys/fs/cgroup/app/worker/memory.max": "max\n", "sys/fs/cgroup/app/memory.max": "1048576\n"},
            1048576,
        ),
        (V2 | {"sys/fs/cgroup/app/worker/memory.max": "max\n"}, None),
        (V1 | {"sys/fs/cgroup/memory/app/memory.limit_in_bytes": "268435456\n"}, 268435456),
        (V1 | {"sys/fs/cgroup/memory/app/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ({}, None),
    ],
)
def test_the_memory_limit(tmp_path: Path, files: dict[str, str], limit: int | None) -> None:
    assert memory_limit(tree(tmp_path, files)) == limit


def test_the_report_reads_well(tmp_path: Path) -> None:
    tree(tmp_path, V2 | {"sys/fs/cgroup/cpu.max": "150000 100000\n"})
    report = str(thread_report(tmp_path))
    assert report == "2 (16 processors, 8 allowed by affinity, container quota 1.5)"
