"""The device's id: random, lasting, resettable, and defined where it cannot be kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.mounts import read_only

from edgewise.updates import device_id as module
from edgewise.updates.channels_errors import DeviceIdError
from edgewise.updates.device_id import DeviceId, device_id, reset_device_id


def test_it_lasts_until_it_is_reset(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    first = device_id(folder)
    assert first.kept and len(first.value) == 32 and int(first.value, 16)
    assert device_id(folder) == first
    assert json.loads((folder / "device.json").read_text()) == {"id": first.value}
    second = reset_device_id(folder)
    assert second != first
    assert device_id(folder) == second
    assert [each.name for each in folder.iterdir()] == ["device.json"]


def test_ids_are_random_and_not_of_the_machine(tmp_path: Path) -> None:
    values = {device_id(tmp_path / str(n)).value for n in range(50)}
    assert len(values) == 50
    bits = "".join(f"{int(each, 16):0128b}" for each in values)
    assert 0.45 < bits.count("1") / len(bits) < 0.55


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80))
def test_a_damaged_file_is_replaced_at_once(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "device.json").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PATIENCE", 0.0)
        found = device_id(tmp_path)
    assert found.kept
    assert device_id(tmp_path) == found


def test_where_nothing_can_be_written_the_id_is_new_in_every_process(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder belongs")
    one, other = device_id(blocked), device_id(blocked)
    assert not one.kept and not other.kept and one.value != other.value
    with pytest.raises(DeviceIdError, match="device id cannot be kept") as caught:
        reset_device_id(blocked)
    assert isinstance(caught.value, OSError)


@pytest.mark.skipif(os.name != "posix", reason="a folder cannot be closed so elsewhere")
def test_a_read_only_home(tmp_path: Path) -> None:
    kept = device_id(tmp_path / "used")
    with read_only(tmp_path):
        assert device_id(tmp_path / "used") == kept
        assert not device_id(tmp_path / "new").kept
        with pytest.raises(DeviceIdError):
            reset_device_id(tmp_path / "used")
        assert device_id(tmp_path / "used") == kept


def test_a_disk_that_fills_while_it_is_written_leaves_no_half_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert not device_id(tmp_path).kept
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    kept = device_id(tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DeviceIdError, match="No space left"):
        reset_device_id(tmp_path)
    assert device_id(tmp_path) == kept


CHILD = """
import sys, time
from pathlib import Path
from edgewise.updates.device_id import device_id
if sys.argv[2] == "nolinks":
    def refuse(self, target):
        raise OSError(95, "Operation not supported")
    Path.hardlink_to = refuse
while time.time() < float(sys.argv[3]):
    pass
print(device_id(Path(sys.argv[1])).value)
"""


@pytest.mark.parametrize("links", ["links", "nolinks"])
def test_processes_that_start_together_get_one_id(tmp_path: Path, links: str) -> None:
    import time

    at = str(time.time() + 1.5)
    command = [sys.executable, "-c", CHILD, str(tmp_path / "store"), links, at]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    found = {child.communicate(timeout=60)[0].strip() for child in children}
    assert found == {device_id(tmp_path / "store").value}
    assert [each.name for each in (tmp_path / "store").iterdir()] == ["device.json"]


def test_a_fresh_id_is_a_value() -> None:
    assert DeviceId("0" * 32, kept=True) == DeviceId("0" * 32, kept=True)
