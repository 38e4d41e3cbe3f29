"""Frozen dataclasses with slots that are made as fast as they can be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


def quick_init(cls: type[T]) -> type[T]:
    """Let a frozen dataclass with slots fill them through their descriptors; all else stays as it was.

    What `dataclass` writes calls `object.__setattr__` with each field's name, which looks the slot up anew:
    half of the time that making an object takes, and one answer is made of several.

    Args:
        cls: A class decorated by `dataclass(frozen=True, slots=True)`, without `__post_init__`, keyword-only
            fields and default factories.

    Returns:
        The same class.
    """
    old: Any = cls.__init__
    names = old.__code__.co_varnames[1 : old.__code__.co_argcount]
    lines = [f"def __init__(self, {', '.join(names)}):", *(f"    set_{each}(self, {each})" for each in names)]
    scope: dict[str, Any] = {f"set_{each}": cls.__dict__[each].__set__ for each in names}
    scope["__name__"] = cls.__module__
    exec("\n".join(lines), scope)  # as `dataclass` itself does
    new = scope["__init__"]
    new.__qualname__, new.__defaults__ = old.__qualname__, old.__defaults__
    new.__annotations__ = old.__annotations__
    cls.__init__ = new  # type: ignore[method-assign]
    return cls


class Late(partial[Any]):
    """Stands in a slot for a value that this call makes when it is first read.

    Threads that read it at once may each make one.
    """

    __slots__ = ()


def late(name: str) -> Callable[[type[T]], type[T]]:
    """Let one field of a frozen dataclass with slots be given as a `Late`; whoever reads it gets the value.

    Args:
        name: The field.

    Returns:
        A decorator, to stand above those of the dataclass.
    """

    def decorate(cls: type[T]) -> type[T]:
        slot = cls.__dict__[name]
        get, fill = slot.__get__, slot.__set__

        def read(self: T) -> Any:
            value = get(self)
            if type(value) is Late:
                value = value()
                fill(self, value)
            return value

        setattr(cls, name, property(read, fill, slot.__delete__))
        return cls

    return decorate
