"""Names and values as MLflow takes them."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from edgewise_cloud.tracking.errors import MetricError

LONGEST_NAME = 250
_LONGEST_VALUE = 6000
# MLflow also takes a colon, but not where its server runs on Windows.
_LEGAL = re.compile(r"[A-Za-z0-9_\-. /]+")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_\-. /]+")


def legal_name(*parts: str) -> str:
    """Join parts with slashes to a name that MLflow takes; what it does not take becomes a dot.

    >>> legal_name("test", "sentiment", "en_sst:binary", "en", "macro_f1")
    'test/sentiment/en_sst.binary/en/macro_f1'
    >>> legal_name("test", "a/../../b")
    'test/a/b'
    """
    cleaned = (_ILLEGAL.sub(".", step).strip() for part in parts for step in part.split("/"))
    # A step of dots alone would lead out of its folder.
    name = "/".join(step for step in cleaned if step.strip(". "))
    return (name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME].rstrip("./ ")).lstrip("./")


def checked(values: Mapping[str, float]) -> dict[str, float]:
    """Return figures as floats.

    Raises:
        MetricError: A name or a value is none that MLflow takes.
    """
    out = {}
    for name, value in values.items():
        if not isinstance(name, str) or not _LEGAL.fullmatch(name) or len(name) > LONGEST_NAME:
            raise MetricError(name, f"names have 1 to {LONGEST_NAME} letters, digits and any of '_-. /'")
        if posixpath.normpath(name) != name or name.startswith(("/", "..")):
            raise MetricError(name, "names are paths without empty parts, '.' or '..'")
        try:
            out[name] = float(value)
        except (TypeError, ValueError) as error:
            raise MetricError(name, f"its value {value!r} is no number") from error
    return out


def flat(params: Mapping[str, object]) -> dict[str, str]:
    """Return parameters as texts by dotted names.

    >>> flat({"seed": 1, "training": {"rates": [0.1, 0.2]}})
    {'seed': '1', 'training.rates': '[0.1, 0.2]'}
    """
    return {
        legal_name(name) or "unnamed": _text(value)[:_LONGEST_VALUE] for name, value in _leaves(params, "")
    }


def _leaves(value: Mapping[str, object], before: str) -> Iterator[tuple[str, object]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _leaves(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}", inner


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return str(value)
