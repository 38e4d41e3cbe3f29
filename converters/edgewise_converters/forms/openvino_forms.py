"""The forms of OpenVINO: an .xml with the graph and a .bin with the weights, made from the ONNX export."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from edgewise_converters.errors import UnsupportedOperatorError
from edgewise_converters.forms.material import Made, Material
from edgewise_converters.quiet import quiet
from edgewise_runtimes.openvino_import import import_openvino, without_telemetry

_GROUP = 32


def fp32(material: Material) -> Made:
    """Return the model as it is."""
    return _saved(read(material), half=False)


def fp16(material: Material) -> Made:
    """Return the model with weights in half precision."""
    return _saved(read(material), half=True)


def int8_weights(material: Material) -> Made:
    """Return the model with int8 weights, arithmetic as before; needs no texts."""
    nncf = import_nncf()
    return _compressed(material, "int8-weights", mode=nncf.CompressWeightsMode.INT8_ASYM)


def int4_weights(material: Material) -> Made:
    """Return the model with int4 weights in groups of 32, or 16 in narrow layers."""
    nncf = import_nncf()
    parameters = nncf.AdvancedCompressionParameters(
        group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST, min_adjusted_group_size=16
    )
    return _compressed(
        material,
        "int4-weights",
        mode=nncf.CompressWeightsMode.INT4_SYM,
        group_size=_GROUP,
        ratio=1.0,
        all_layers=True,
        advanced_parameters=parameters,
    )


def _compressed(material: Material, precision: str, **options: Any) -> Made:
    nncf, model = import_nncf(), read(material)
    with quiet():
        try:
            made = nncf.compress_weights(model, **options)
        except Exception as error:  # NNCF raises its own kinds and builtin ones
            reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            raise UnsupportedOperatorError(f"openvino {precision}", reason) from error
    return _saved(made, half=False)


def int8_ptq(material: Material) -> Made:
    """Return the model with int8 arithmetic between scales measured on texts."""
    nncf = import_nncf()
    rows = list(material.calibration("openvino int8-ptq"))
    model = read(material)
    with quiet():
        try:
            made = nncf.quantize(
                model, nncf.Dataset(rows), subset_size=len(rows), model_type=nncf.ModelType.TRANSFORMER
            )
        except Exception as error:
            raise UnsupportedOperatorError("openvino int8-ptq", f"{type(error).__name__}: {error}") from error
    return _saved(made, half=False)


def int8_qat(material: Material) -> Made:
    """Return what quantization-aware training hands over; see `edgewise_converters.aware`."""
    from edgewise_converters.aware import handed_over

    return _saved(handed_over(material), half=False)


def read(material: Material) -> Any:
    """Read the ONNX export as an `openvino.Model`.

    Raises:
        UnsupportedOperatorError: OpenVINO does not know one of its operators.
    """
    openvino = import_openvino()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(material.onnx.SerializeToString())
        try:
            return openvino.Core().read_model(path)
        except RuntimeError as error:
            raise UnsupportedOperatorError(
                "A model for openvino", " ".join(str(error).split())[:400]
            ) from error


def import_nncf() -> Any:
    """Import NNCF without its telemetry."""
    import_openvino()
    with without_telemetry(), quiet():
        import nncf
    return nncf


def _saved(model: Any, *, half: bool) -> Made:
    openvino = import_openvino()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        openvino.save_model(model, path, compress_to_fp16=half)
        return Made(path.read_bytes(), path.with_suffix(".bin").read_bytes())
