"""`schema.json` and the reader say the same: of good bundles, of each way to break one, of chance edits."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.support.broken_manifests import BROKEN, Broken

import edgewise.bundle
from edgewise.bundle import bundled, parse_manifest
from edgewise.errors import BundleError, PathEscapeError, SdkVersionError, UnknownRouteError

SCHEMA = json.loads(Path(edgewise.bundle.__file__).with_name("schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden_bundle"
BEYOND_SCHEMA = ("no label of the task", "a model without the task", "which some systems take for one")
"""Parts of the messages of rules that a schema cannot say; a stride above max_tokens is one more."""


def read(manifest: Any) -> BundleError | None:
    try:
        parse_manifest(json.dumps(manifest).encode())
    except BundleError as error:
        return error
    return None


@pytest.fixture(scope="module")
def good(tiny_bundle: Path) -> dict[str, Any]:
    return json.loads((tiny_bundle / "manifest.json").read_text(encoding="utf-8"))


def test_the_schema_is_a_schema_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    fields = list(fields_of(SCHEMA))
    assert len(fields) > 40
    assert not [name for name, field in fields if "description" not in field and "$ref" not in field]


def fields_of(schema: Any):
    """Yield every property with its name; conditions speak of properties that are described elsewhere."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for key, part in schema.items():
            if key not in ("if", "then", "allOf"):
                yield from fields_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from fields_of(part)


@pytest.mark.parametrize("folder", [GOLDEN, *bundled().values()], ids=lambda folder: folder.name)
def test_bundles_satisfy_schema_and_reader(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    VALIDATOR.validate(manifest)
    assert read(manifest) is None


def test_the_tiny_bundle_satisfies_schema_and_reader(good: dict[str, Any]) -> None:
    VALIDATOR.validate(good)
    assert read(good) is None


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_each_way_to_break_a_manifest_has_its_error(good: dict[str, Any], broken: Broken) -> None:
    manifest = copy.deepcopy(good)
    broken.edit(manifest)
    assert json.dumps(manifest) != json.dumps(good)
    error = read(manifest)
    assert type(error) is broken.error
    assert VALIDATOR.is_valid(manifest) is not broken.in_schema


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.sampled_from(
        ["", "default", "de", "en", "encoder", "tiny.onnx", "max", "softmax", "1.0.0", "toxicity"]
    )
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "de", "default", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(data=st.data())
def test_chance_edits_are_judged_alike(good: dict[str, Any], data: st.DataObject) -> None:
    """Put any JSON, or nothing, at any place of a good manifest."""
    manifest = copy.deepcopy(good)
    parent, key = data.draw(st.sampled_from(list(places(manifest))))
    if data.draw(st.booleans()) and isinstance(parent, dict):
        del parent[key]
    else:
        parent[key] = data.draw(JSON_VALUES)
    error = read(manifest)
    if VALIDATOR.is_valid(manifest):
        beyond = isinstance(error, PathEscapeError | SdkVersionError | UnknownRouteError)
        assert (
            error is None
            or beyond
            or "stride is" in str(error)
            or any(p in str(error) for p in BEYOND_SCHEMA)
        )
    else:
        assert error is not None


def places(value: Any):
    """Yield (container, key) of every place in a JSON value."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)
