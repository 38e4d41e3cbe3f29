"""Canonical JSON and the signature in a manifest."""

import json
import math

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edgewise.errors import SignatureError
from edgewise.updates.canonical import canonical
from edgewise.updates.signing import key_id, parse_keys, sign, verify

# Larger whole numbers come back from JSON as Python's own, which have no such form.
FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x != int(x) or abs(x) <= 2**53)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_canonical_json_says_the_same_and_says_it_once(value: object) -> None:
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data
    assert canonical(json.loads(json.dumps(value, indent=3))) == data


@pytest.mark.parametrize(
    ("value", "written"),
    [  # From RFC 8785, appendix B.
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (0.000001, "0.000001"),
        (333333333.33333329, "333333333.3333333"),
        (1424953923781206.2, "1424953923781206.2"),
        (0.0001, "0.0001"),
        (1e-7, "1e-7"),
    ],
)
def test_numbers_are_written_as_the_standard_says(value: float, written: str) -> None:
    assert canonical(value).decode() == written


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53 + 1, {1, 2}, "\ud800", b"x"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_keys_are_sorted_by_their_utf_16_units() -> None:
    assert canonical({"\ufb33": 1, "𝄞": 2, "a": 3}).decode() == '{"a":3,"𝄞":2,"\ufb33":1}'


def test_a_signature_holds_until_anything_is_changed() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    keys = {key_id(public): public}
    signed = sign({"name": "tiny", "value": 0.1, "signature": None}, key)
    assert verify(signed, keys) == key_id(public)
    assert verify(json.loads(json.dumps(signed, indent=2)), keys) == key_id(public)
    for changed, reason in [
        ({**signed, "value": 0.2}, "does not fit"),
        ({**signed, "new": 1}, "does not fit"),
        ({**signed, "signature": None}, "not signed"),
        ({**signed, "signature": {**signed["signature"], "scheme": "none"}}, "scheme is 'none'"),
        ({**signed, "signature": {**signed["signature"], "value": "zz"}}, "does not fit"),
        ({**signed, "signature": {**signed["signature"], "key_id": "0" * 64}}, "may not sign"),
        ({**signed, "signature": {**signed["signature"], "key_id": 7}}, "may not sign"),
    ]:
        with pytest.raises(SignatureError, match=reason):
            verify(changed, keys)
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(SignatureError, match="may not sign"):
        verify(signed, {key_id(other): other})
    with pytest.raises(SignatureError, match="may not sign"):
        verify(signed, {key_id(public): other})


@pytest.mark.parametrize("document", [None, {}, {"format": 2, "keys": ["00" * 32]}, {"format": 1, "keys": 7}])
def test_what_is_no_list_of_keys_lets_nobody_sign(document: dict | None) -> None:
    assert parse_keys(document) == {}
