"""Conversion libraries print progress bars and warnings; here that goes nowhere."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout

_CHATTY = (
    "nncf",
    "torch.onnx",
    "torch",
    "ai_edge_quantizer",
    "litert_torch",
    "jax",
    "absl",
    "root",
    "onnxscript",
)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Python code from writing to the console meanwhile; errors are raised as ever.

    What these libraries log below an error is dropped, too. Levels and filters are as before afterwards.
    """
    loggers = [logging.getLogger(name) for name in _CHATTY]
    before = [logger.level for logger in loggers]
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(redirect_stdout(io.StringIO()))
        stack.enter_context(redirect_stderr(io.StringIO()))
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)
