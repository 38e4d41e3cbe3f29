"""Which forms there are, and which of them were asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.errors import MissingExtraError
from edgewise_converters.errors import FormError
from edgewise_runtimes.errors import listing
from edgewise_runtimes.packages import missing_module

if TYPE_CHECKING:
    from edgewise_converters.forms.material import Made, Material

_DATA: dict[str, Any] = json.loads(Path(__file__).with_name("forms.json").read_text(encoding="utf-8"))
_BACKENDS = {"onnx": "onnxruntime", "onnxruntime": "onnxruntime", "openvino": "openvino", "tflite": "tflite"}


@dataclass(frozen=True)
class Form:
    """A form in which a model is stored.

    Attributes:
        backend: The backend it is made for.
        precision: Its name in the manifest.
        short: What `--precision` may call it, too; one form of each backend has it.
        maker: Module and function that make it.
        exact: "exact" or "half" when its answers must be those of torch within that precision, else "".
        calibrated: Whether texts are run through it.
        batch_dependent: Whether an answer depends on what shares its batch.
        torch: Whether it needs the torch module.
        widens: Whether it holds full or half precision.
        needs: Modules it needs beside those of its backend.
    """

    backend: str
    precision: str
    short: str = ""
    maker: str = field(default="", repr=False)
    exact: str = ""
    calibrated: bool = False
    batch_dependent: bool = False
    torch: bool = False
    widens: bool = False
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Backend and precision in one word."""
        return f"{self.backend} {self.precision}"

    def demand_installed(self) -> None:
        """Find out whether the packages that make it are there.

        Raises:
            MissingExtraError: One is not; the message has the pip line.
        """
        needs = _DATA["needs"][self.backend]
        for module in (*needs["modules"], *self.needs):
            if missing_module(module) is not None:
                raise MissingExtraError(needs["extra"], f"Conversion to {self.name}")

    def make(self, material: Material) -> Made:
        """Make it.

        Raises:
            ConversionError: It cannot be made from this model.
        """
        home, _, function = self.maker.partition(":")
        make: Callable[[Material], Made] = getattr(
            import_module(f"edgewise_converters.forms.{home}_forms"), function
        )
        return make(material)


def _form(raw: dict[str, Any]) -> Form:
    flags = {name: bool(raw.get(name)) for name in ("calibrated", "batch_dependent", "torch", "widens")}
    return Form(
        raw["backend"],
        raw["precision"],
        raw.get("for", ""),
        raw["make"],
        raw.get("exact", ""),
        **flags,
        needs=tuple(raw.get("needs", ())),
    )


FORMS: tuple[Form, ...] = tuple(map(_form, _DATA["forms"]))
"""Every form, the widest of each backend first."""


def chosen_forms(
    backends: Iterable[str], precisions: Sequence[str], *, allow_batch_dependent: bool = False
) -> list[Form]:
    """Return the forms that are asked for, in the order of `FORMS`.

    Args:
        backends: Names; `onnx` is `onnxruntime`.
        precisions: `fp32`, `fp16`, `int8`, `int4` for what a backend does best, or a form's own name; a name
            that only some of the backends know stands for those.
        allow_batch_dependent: Whether forms may be made whose answers depend on what shares a batch.

    Raises:
        FormError: There is no such backend or precision, or it depends on its batch.

    >>> [form.name for form in chosen_forms(["onnx", "openvino"], ["int8"])]
    ['onnxruntime int8-weights', 'openvino int8-weights']
    """
    named = [_backend(name) for name in backends]
    of_these = [form for form in FORMS if form.backend in named]
    for precision in precisions:
        if not any(precision in (form.short, form.precision) for form in of_these):
            known = sorted({name for form in of_these for name in (form.short, form.precision) if name})
            raise FormError(f"The precision {precision!r}", f"{listing(named)} knows {listing(known)}.")
    found = [form for form in of_these if {form.short, form.precision} & set(precisions)]
    for form in found:
        if form.batch_dependent and not allow_batch_dependent:
            raise FormError(
                form.name,
                "its answer to a text depends on what shares the batch, so it is not for shipping. "
                "Take int8-weights or int8-static, or say --allow-batch-dependent.",
            )
    return found


def _backend(name: str) -> str:
    if name not in _BACKENDS:
        raise FormError(f"A model for {name!r}", f"there are converters for {listing(sorted(_BACKENDS))}.")
    return _BACKENDS[name]
