"""What is no plain JSON object is refused before anything is made of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.bundle import parse_manifest
from edgewise.bundle.strict_json import MAX_DEPTH, MAX_MANIFEST_BYTES, parse_object
from edgewise.errors import BundleError, ManifestError, ManifestSyntaxError, ManifestTooLargeError

REFUSED = {
    "nothing": b"",
    "no JSON": b"format_version: 1",
    "cut off": b'{"format_version": 1, "name": "ti',
    "two values": b"{} {}",
    "a comment": b'{"a": 1} // fine',
    "a trailing comma": b'{"a": 1,}',
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "a text": b'"{}"',
    "NaN": b'{"a": NaN}',
    "infinity": b'{"a": [1, -Infinity]}',
    "a float that overflows": b'{"a": 1e999}',
    "a whole number of 5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a whole number of 19 digits": b'{"a": 1000000000000000000}',
    "a repeated key": b'{"sha256": "a", "sha256": "b"}',
    "a repeated key inside": b'{"a": [{"b": 1, "b": 1}]}',
    "no UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "too deep": b'{"a": ' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH,
    "as deep as it gets": b'{"a": ' + b"[" * 500_000 + b"]" * 500_000 + b"}",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_refused_as_syntax(data: bytes) -> None:
    with pytest.raises(ManifestSyntaxError, match=r"of-the-test\.json"):
        parse_manifest(data, "of-the-test.json")


def test_depth_is_allowed_up_to_the_limit() -> None:
    deepest = b'{"a": ' * (MAX_DEPTH - 1) + b"1" + b"}" * (MAX_DEPTH - 1)
    assert "a" in parse_object(deepest, "manifest.json")


def test_size_is_allowed_up_to_the_limit() -> None:
    padded = b'{"a": 1}'.ljust(MAX_MANIFEST_BYTES)
    assert parse_object(padded, "manifest.json") == {"a": 1}
    with pytest.raises(ManifestTooLargeError) as caught:
        parse_object(padded + b" ", "manifest.json")
    assert caught.value.limit == MAX_MANIFEST_BYTES


def test_a_syntax_error_is_a_manifest_error_and_a_value_error() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(b"{")
    assert isinstance(caught.value, ValueError)
    assert "line 1, column 2" in caught.value.problem


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_bundle_error(data: bytes) -> None:
    with pytest.raises(BundleError):
        parse_manifest(data)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=5), PLAIN, max_size=4), st.booleans())
def test_plain_objects_come_back_as_they_are(value: dict, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_object(text.encode("utf-8"), "manifest.json") == value
