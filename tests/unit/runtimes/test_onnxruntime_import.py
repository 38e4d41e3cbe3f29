"""How onnxruntime is imported, seen from a stand-in for it that notes what it finds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SWITCH = "ORT_DISABLE_TELEMETRY"
STAND_IN = """
import os
seen = os.environ.get("ORT_DISABLE_TELEMETRY")
disabled = 0

def disable_telemetry_events():
    global disabled
    disabled += 1
"""
IMPORT = """
import json, os
from edgewise_runtimes.onnxruntime_import import import_onnxruntime, telemetry
library = import_onnxruntime()
import_onnxruntime()
print(json.dumps([library.seen, os.environ.get("ORT_DISABLE_TELEMETRY"), library.disabled, telemetry()]))
"""


def run(folder: Path, code: str, library: str, switch: str | None = None) -> list:
    (folder / "onnxruntime.py").write_text(library, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    environment |= {} if switch is None else {SWITCH: switch}
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("switch", [None, ""])
def test_the_switch_is_set_for_the_first_import_only(tmp_path: Path, switch: str | None) -> None:
    assert run(tmp_path, IMPORT, STAND_IN, switch) == ["1", switch, 1, "off"]


@pytest.mark.parametrize("switch", ["1", "true", "YES", "on"])
def test_a_user_who_has_switched_it_off_is_left_alone(tmp_path: Path, switch: str) -> None:
    assert run(tmp_path, IMPORT, STAND_IN, switch) == [switch, switch, 0, "off"]


@pytest.mark.parametrize("switch", ["0", "false", "2"])
def test_a_user_who_has_switched_it_on_is_left_alone(tmp_path: Path, switch: str) -> None:
    said = f"on, because {SWITCH} is {switch!r}"
    assert run(tmp_path, IMPORT, STAND_IN, switch) == [switch, switch, 0, said]


def test_a_library_imported_before_us_gets_its_events_disabled(tmp_path: Path) -> None:
    seen, after, disabled, said = run(tmp_path, "import onnxruntime" + IMPORT, STAND_IN)
    assert (seen, after, disabled) == (None, None, 1)
    assert "imported before Edgewise" in said


def test_a_library_without_telemetry_is_fine(tmp_path: Path) -> None:
    assert run(tmp_path, IMPORT, "seen = disabled = None") == [None, None, None, "off"]


def test_a_failed_import_puts_the_switch_back_and_the_next_one_sets_it_again(tmp_path: Path) -> None:
    fails_once = """
import builtins, os
builtins.seen = [*getattr(builtins, "seen", []), os.environ.get("ORT_DISABLE_TELEMETRY")]
if len(builtins.seen) == 1:
    raise OSError("libfoo.so: cannot open shared object file")
"""
    code = """
import builtins, json, os
from edgewise_runtimes.onnxruntime_import import import_onnxruntime
try:
    import_onnxruntime()
except OSError as error:
    first = str(error)[:6], os.environ.get("ORT_DISABLE_TELEMETRY")
import_onnxruntime()
print(json.dumps([*first, *builtins.seen]))
"""
    assert run(tmp_path, code, fails_once) == ["libfoo", None, "1", "1"]
