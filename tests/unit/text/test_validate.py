"""What is a text and what is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from edgewise.errors import InputError, InputTypeError
from edgewise.text import as_text


@pytest.mark.parametrize("text", ["", " ", "ok", "\0", "\ud800", "\u202e", "😀"])
def test_every_string_is_a_text(text: str) -> None:
    assert as_text(text) == text


def test_a_subclass_comes_out_as_plain_str() -> None:
    assert type(as_text(np.str_("ok"))) is str


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "NoneType"),
        (b"ok", "bytes"),
        (1, "int"),
        (float("nan"), "float"),
        (pd.NA, "NAType"),
        (["ok"], "list"),
        (np.array(["ok"]), "ndarray"),
    ],
)
def test_anything_else_is_refused_by_name(value: object, name: str) -> None:
    with pytest.raises(InputTypeError, match=rf"at position 7, got {name}\. \w+") as caught:
        as_text(value, 7)
    assert isinstance(caught.value, InputError) and isinstance(caught.value, TypeError)
    assert (caught.value.value_type, caught.value.position) == (name, 7)


def test_a_single_text_has_no_position() -> None:
    with pytest.raises(InputTypeError) as caught:
        as_text(None)
    assert "position" not in str(caught.value)
