"""Every error takes facts, says what to do, and travels between processes."""

import inspect
import pickle

import pytest

from edgewise import errors

EXAMPLES: dict[str, Exception] = {
    type(error).__name__: error
    for error in (
        errors.UnknownBackendError("abacus", ["onnxruntime"]),
        errors.BackendUnavailableError("openvino", "not installed", 'Run: pip install "edgewise[openvino]"'),
        errors.BackendLoadError("onnxruntime", "a.onnx", "bad bytes"),
        errors.BackendRunError("onnxruntime", "wrong shape"),
        errors.ThreadCountError(0),
        errors.InputTypeError(bytes, 3),
        errors.UnknownTaskError("irony", ["sentiment"]),
        errors.UnknownLabelError("irony", ["joy"]),
        errors.UnknownLanguageError("xx", ["en"]),
        errors.ThresholdError("toxicity", 1.5),
        errors.AnalyzerClosedError(),
        errors.MissingExtraError("batch", "Reading Parquet"),
        errors.BundleNotFoundError("nobody", ["edgewise-base"]),
        errors.ManifestError("manifest.json", "name is missing"),
        errors.ManifestSyntaxError("manifest.json", "it is not JSON"),
        errors.ManifestTooLargeError("manifest.json", 10),
        errors.FormatVersionError(2, [1]),
        errors.SdkVersionError("9.0.0", "0.1.0"),
        errors.FileMissingError("a.onnx"),
        errors.FileUnreadableError("a.onnx", "Permission denied"),
        errors.FileHashError("a.onnx", "0" * 64, "1" * 64),
        errors.FileSizeError("a.onnx", 11, 10),
        errors.FileSizeMismatchError("a.onnx", 10, 11),
        errors.PathEscapeError("../a.onnx", "it has a part '..'"),
        errors.MissingLabelsError("encoder", "emotion"),
        errors.DuplicateLabelsError("encoder", "emotion", "joy"),
        errors.UnknownRouteError("routes.default", "nobody", ["encoder"]),
        errors.SignatureError("it is missing"),
    )
}
ROOTS = {"EdgewiseError", "InputError", "BackendError", "BundleError"}


def test_every_error_has_an_example_here() -> None:
    classes = {name for name in errors.__all__ if inspect.isclass(getattr(errors, name))}
    assert classes == {*EXAMPLES, *ROOTS}


@pytest.mark.parametrize("error", EXAMPLES.values(), ids=EXAMPLES)
def test_an_error_survives_pickling_with_its_facts(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.__dict__ == error.__dict__


@pytest.mark.parametrize("error", EXAMPLES.values(), ids=EXAMPLES)
def test_a_message_is_sentences_with_every_fact(error: Exception) -> None:
    message = str(error)
    assert isinstance(error, errors.EdgewiseError)
    assert message[0].isupper()
    assert message[-1] in '."'
    for fact in error.__dict__.values():
        for part in fact if isinstance(fact, tuple) else [fact]:
            assert str(part) in message


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("UnknownBackendError", ValueError),
        ("BackendUnavailableError", ImportError),
        ("BackendLoadError", RuntimeError),
        ("InputTypeError", TypeError),
        ("UnknownTaskError", ValueError),
        ("UnknownLabelError", ValueError),
        ("UnknownLanguageError", ValueError),
        ("ThresholdError", ValueError),
        ("AnalyzerClosedError", RuntimeError),
        ("MissingExtraError", ImportError),
        ("BundleNotFoundError", FileNotFoundError),
        ("FileMissingError", FileNotFoundError),
        ("FileUnreadableError", OSError),
        ("ManifestError", ValueError),
        ("ManifestSyntaxError", errors.ManifestError),
        ("ManifestTooLargeError", errors.ManifestError),
        ("SdkVersionError", RuntimeError),
        ("FileHashError", errors.BundleError),
        ("BackendRunError", errors.BackendError),
    ],
)
def test_an_error_is_caught_as_what_it_specialises(name: str, builtin: type[Exception]) -> None:
    assert isinstance(EXAMPLES[name], builtin)


@pytest.mark.parametrize(
    ("given", "position", "parts"),
    [
        (bytes, None, ["Expected a text", "bytes", "decode"]),
        (float, 7, ["position 7", "float", "fillna"]),
        (type(None), 0, ["position 0", "NoneType", "missing"]),
        (list, None, ["list", "analyze_batch"]),
        ("ndarray", None, ["ndarray", "str(value)"]),
    ],
)
def test_a_wrong_type_is_named_with_its_place_and_remedy(
    given: type | str, position: int | None, parts: list[str]
) -> None:
    error = errors.InputTypeError(given, position)
    assert all(part in str(error) for part in parts)
    assert ("position" in str(error)) == (position is not None)


def test_a_missing_extra_comes_with_the_exact_command() -> None:
    assert 'pip install "edgewise[batch]"' in str(errors.MissingExtraError("batch", "Reading Parquet"))
