"""The benchmark of the sequential test runs and reports what it promises."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_it_reports_false_alarms_power_and_shares(tmp_path: Path) -> None:
    file, plot = tmp_path / "figures.json", tmp_path / "alarms.png"
    few = ["--runs", "20", "--power-runs", "3", "--devices", "5000"]
    command = [sys.executable, str(ROOT / "benchmarks" / "sequential.py"), *few]
    done = subprocess.run(
        [*command, "--json", str(file), "--plot", str(plot)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["title"] in done.stdout
    assert max(found["false_alarms"].values()) <= 0.05
    assert found["power"]["error_rate 0.02"] == 1
    assert all(abs(share - counted) < 0.03 for share, counted in found["arms"]["shares"].values())
    assert plot.read_bytes().startswith(b"\x89PNG")
