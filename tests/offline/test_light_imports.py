"""What runs on a device loads nothing heavy, and nothing that could open a socket, by being imported."""

import json
import subprocess
import sys

import pytest

HEAVY = {"matplotlib", "onnx", "pandas", "pyarrow", "scipy", "sklearn", "tensorflow", "torch", "transformers"}
NETWORK = {"aiohttp", "django", "fastapi", "flask", "httpx", "requests", "starlette", "uvicorn"}

IMPORT_ALL = """
import importlib, json, pkgutil, sys
root = importlib.import_module(sys.argv[1])
names = [sys.argv[1]]
for module in pkgutil.walk_packages(root.__path__, sys.argv[1] + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        names.append(module.name)
print(json.dumps([names, sorted(sys.modules)]))
"""


def loaded_by(code: str, *arguments: str) -> list:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("package", ["edgewise", "edgewise_runtimes"])
def test_importing_every_module_loads_nothing_heavy(package: str) -> None:
    imported, loaded = loaded_by(IMPORT_ALL, package)
    assert len(imported) > 3
    assert not (HEAVY | NETWORK) & {name.partition(".")[0] for name in loaded}


def test_importing_edgewise_loads_no_numpy_and_no_engine() -> None:
    loaded = loaded_by("import json, sys, edgewise; print(json.dumps(sorted(sys.modules)))")
    assert not {"numpy", "onnxruntime", "tokenizers", "click", "asyncio"} & set(loaded)


def test_the_command_line_imports_the_engine_only_when_it_works() -> None:
    loaded = loaded_by("import json, sys, edgewise.cli; print(json.dumps(sorted(sys.modules)))")
    assert not {"numpy", "onnxruntime", "tokenizers"} & set(loaded)
