"""Finding training texts that stand in a test set."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_OTHER = re.compile(r"[\W_]+")  # `\w` is what `str.isalnum` takes, and the underscore.


def leak_key(text: str) -> str:
    """Return the form in which texts are compared: NFKC, case folded, letters and digits only.

    >>> leak_key("  It's GREAT\uff01\uff01 ")
    'itsgreat'
    """
    return _OTHER.sub("", unicodedata.normalize("NFKC", text).casefold())


def leaked(train_texts: Sequence[str], test_texts: Iterable[str]) -> list[int]:
    """Return the indexes of the training texts whose key is that of a test text.

    Texts with no letter or digit have no key and never count.

    >>> leaked(["Good film!", "Bad film"], ["good film"])
    [0]
    """
    held_out = {leak_key(text) for text in test_texts} - {""}
    return [i for i, text in enumerate(train_texts) if leak_key(text) in held_out]
