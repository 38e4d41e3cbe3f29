"""Typed access to parsed JSON: a `Field` knows its place, so a refusal can name it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, TypeVar

from edgewise.bundle.errors import ManifestError
from edgewise.bundle.strict_json import json_type

T = TypeVar("T")

_ABSENT = object()


class Field:
    """A value in a manifest and its place.

    Args:
        value: What stands there.
        place: Its place as people write it, `models.base.tasks`; empty at the top.
        path: What to call the manifest in messages.
    """

    __slots__ = ("path", "place", "value")

    def __init__(self, value: Any, place: str, path: object) -> None:
        self.value = value
        self.place = place
        self.path = path

    @property
    def present(self) -> bool:
        """Whether the manifest has this field at all."""
        return self.value is not _ABSENT

    @property
    def there(self) -> bool:
        """Whether the manifest says anything here; null counts as nothing."""
        return self.value is not _ABSENT and self.value is not None

    def refuse(self, problem: str) -> NoReturn:
        """Raise the `ManifestError` for this place."""
        raise ManifestError(self.path, f"{self.place or 'the top'} {problem}")

    def __getitem__(self, key: str) -> Field:
        """Return a field of this object; one that is absent is reported when it is read."""
        return Field(
            self.mapping().get(key, _ABSENT), f"{self.place}.{key}" if self.place else key, self.path
        )

    def mapping(self) -> dict[str, Any]:
        """Read an object as it stands."""
        found: dict[str, Any] = self._as(dict, "an object")
        return found

    def members(self, keys: str | None = None) -> Iterator[tuple[str, Field]]:
        """Read an object, field by field.

        Args:
            keys: What every key must match as a whole.
        """
        for key in self.mapping():
            if keys is not None and not re.fullmatch(keys, key, re.ASCII):
                self.refuse(f"has the key {key[:80]!r}, which does not look as it must")
            yield key, self[key]

    def items(self) -> Iterator[Field]:
        """Read a list, item by item."""
        for index, value in enumerate(self._as(list, "a list")):
            yield Field(value, f"{self.place}[{index}]", self.path)

    def text(self, pattern: str | None = None, default: str | None = None, *, empty: bool = False) -> str:
        """Read a string; not empty unless there is a default.

        Args:
            pattern: What the whole string must match.
            default: What an absent string counts as.
            empty: Whether it may be empty although there is no default.
        """
        if default is not None and self.value is _ABSENT:
            return default
        found: str = self._as(str, "a string")
        if not found and default is None and not empty:
            self.refuse("is empty")
        if pattern is not None and not re.fullmatch(pattern, found, re.ASCII):
            self.refuse(f"is {found[:80]!r}, which does not look as it must")
        return found

    def one_of(self, choices: tuple[str, ...], default: str | None = None) -> str:
        """Read one of a few words."""
        found = self.text(default=default)
        if found not in choices:
            self.refuse(f"is {found[:80]!r}, not one of {', '.join(choices)}")
        return found

    def number(self, low: float, high: float, default: float | None = None) -> float:
        """Read a number from `low` to `high`."""
        if default is not None and self.value is _ABSENT:
            return default
        found = self._as((int, float), "a number")
        if not low <= found <= high:
            self.refuse(f"is {found}, not from {low:g} to {high:g}")
        return float(found)

    def whole(self, low: int, high: int) -> int:
        """Read a whole number from `low` to `high`; 1.0 counts as 1, as it does in JSON schema."""
        found = self.number(low, high)
        if found != int(found):
            self.refuse(f"is {found}, not a whole number")
        return int(self.value)

    def each(self, read: Callable[[Field], T], keys: str | None = None) -> Mapping[str, T]:
        """Read an optional object whose fields are all of one kind."""
        return {key: read(field) for key, field in self.members(keys)} if self.present else {}

    def all(self, read: Callable[[Field], T]) -> tuple[T, ...]:
        """Read an optional list whose items are all of one kind."""
        return tuple(read(item) for item in self.items()) if self.present else ()

    def optional(self, read: Callable[[Field], T]) -> T | None:
        """Read a field that may be absent or null."""
        return read(self) if self.there else None

    def _as(self, kind: type | tuple[type, ...], what: str) -> Any:
        if self.value is _ABSENT:
            self.refuse(f"is missing, {what} belongs there")
        if not isinstance(self.value, kind) or isinstance(self.value, bool):
            self.refuse(f"is {json_type(self.value)}, {what} belongs there")
        return self.value
