"""The settings of data preparation: one frozen dataclass a step, all of them readable from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from edgewise_cloud.prepare.config_reading import read_settings


@dataclass(frozen=True, slots=True)
class CleanConfig:
    """What normalisation leaves and nobody can learn from.

    Attributes:
        on: Whether the step runs.
        repair: Undo UTF-8 that was read as Latin-1 or Windows-1252, before normalisation.
        least: Fewest characters that are no blanks; a single Han character may still say something.
        most_markup: Largest share of a text that may be markup (templates, attributes, code, entities).
        most_broken: Largest share of replacement and private-use characters and lone surrogates.
    """

    on: bool = True
    repair: bool = True
    least: int = 1
    most_markup: float = 0.5
    most_broken: float = 0.1


@dataclass(frozen=True, slots=True)
class ConflictConfig:
    """Same text, same task, other label.

    Attributes:
        on: Whether the step runs.
        majority: Share of the trust-weighted votes from which one label wins and the others are dropped;
            below it all of them are dropped.
    """

    on: bool = True
    majority: float = 0.67


@dataclass(frozen=True, slots=True)
class ExactConfig:
    """Same text, same task, same label: the most trusted row stays.

    Attributes:
        on: Whether the step runs.
    """

    on: bool = True


@dataclass(frozen=True, slots=True)
class NearConfig:
    """Nearly the same text, same task, same label (contrast pairs, whose labels differ, stay).

    Attributes:
        on: Whether the step runs.
        threshold: Jaccard similarity of character shingles from which two texts count as one.
        shingle: Characters of a shingle.
        permutations: Length of a MinHash signature.
        bands: Bands of the signature; more find more pairs at more cost.
        least: Texts with fewer letters and digits are left alone: a word makes all the difference in them.
    """

    on: bool = True
    threshold: float = 0.85
    shingle: int = 5
    permutations: int = 128
    bands: int = 16
    least: int = 24


@dataclass(frozen=True, slots=True)
class NoisyConfig:
    """Labels that a simple model, which never saw the row, finds wrong with great confidence.

    Attributes:
        on: Whether the step runs; it takes minutes on the whole catalogue.
        folds: Parts of the out-of-fold prediction.
        least_rows: Sets with fewer rows of a language are left alone.
        most: Largest share of a set that may go.
        confidence: Rows whose own label got more than this probability stay.
    """

    on: bool = False
    folds: int = 3
    least_rows: int = 500
    most: float = 0.05
    confidence: float = 0.1


@dataclass(frozen=True, slots=True)
class DevConfig:
    """Dev rows of sets that have none.

    Attributes:
        part: One row in so many is taken from the training rows.
        most: At most so many of a set.
    """

    part: int = 20
    most: int = 500


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """How many rows of each group are trained on.

    A group of n rows gets `whole * (n / whole) ** (1 / temperature)` rows: those larger than `whole` are
    thinned, those smaller are repeated (up to `repeats` times; the default repeats none).

    Attributes:
        by: What a group is, within a task: rows of one "set", of one "language", or of "both".
        temperature: 1 keeps the sizes, larger ones bring the groups closer.
        whole: Size at which a group is kept as it is.
        repeats: Most times that a row may occur.
        rows: Rows in all, about; the sizes keep their proportions, as far as rows and repeats allow.
        stratify: Keep the shares of the labels in each group.
    """

    by: Literal["set", "language", "both"] = "both"
    temperature: float = 1.0
    whole: int = 10_000
    repeats: int = 1
    rows: int | None = None
    stratify: bool = True


@dataclass(frozen=True, slots=True)
class ClassWeightConfig:
    """Weights against uneven labels.

    Attributes:
        kind: "none", "inverse" (inverse frequency) or "effective" (effective number of samples).
        beta: Of the effective number.
        apply: Multiply the rows' weights by the weight of their label; without it the weights are only told.
    """

    kind: Literal["none", "inverse", "effective"] = "inverse"
    beta: float = 0.999
    apply: bool = False


Kind = Literal["typos", "casing", "elongation", "emoji", "obfuscation", "negation", "identity"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class AugmentKind:
    """One kind of synthetic rows.

    Attributes:
        name: typos, casing, elongation, emoji, obfuscation, negation or identity.
        share: New rows as a share of the rows that it is made from, 0 to 1.
    """

    name: Kind
    share: float = 0.05


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Synthetic training rows; dev and test never get any.

    Attributes:
        on: Whether the step runs.
        kinds: Which kinds, each with its share; by default all of them.
        weight: Trust of a synthetic row, as a share of that of the row it was made from.
        tasks: Only rows of these tasks are used; all when empty.
    """

    on: bool = False
    kinds: tuple[AugmentKind, ...] = tuple(AugmentKind(name) for name in KINDS)
    weight: float = 0.5
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrepareConfig:
    """Everything that data preparation can be told; the defaults are what the recipes use.

    Attributes:
        tiers: Tiers of the catalogue to use.
        datasets: Only these sets, by name; all when empty.
        without: Sets to leave out, by name.
        limit: Rows of each set and split at most, chosen by the seed; None for all.
        clean: Step "clean".
        conflicts: Step "conflicts".
        exact: Step "exact duplicates".
        near: Step "near duplicates".
        noisy: Step "noisy labels".
        leaks: "drop" rows whose text stands in a test split, or "fail" at the first; both end with a check
            that none is left.
        one_sided: Sets that may have one class only, since other sets of their task have the rest.
        dev: How dev rows are carved.
        sampling: Step "sampling".
        class_weights: Weights against uneven labels.
        augment: Step "augment".
    """

    tiers: tuple[str, ...] = ("main", "aux", "weak")
    datasets: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    limit: int | None = None
    clean: CleanConfig = field(default_factory=CleanConfig)
    conflicts: ConflictConfig = field(default_factory=ConflictConfig)
    exact: ExactConfig = field(default_factory=ExactConfig)
    near: NearConfig = field(default_factory=NearConfig)
    noisy: NoisyConfig = field(default_factory=NoisyConfig)
    leaks: Literal["drop", "fail"] = "drop"
    one_sided: tuple[str, ...] = ("toxicity/en_civil_toxic_spans",)
    dev: DevConfig = field(default_factory=DevConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    class_weights: ClassWeightConfig = field(default_factory=ClassWeightConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    @staticmethod
    def from_dict(raw: Mapping[str, Any]) -> PrepareConfig:
        """Read settings from parsed JSON; what it does not say keeps its default.

        Raises:
            PrepareConfigError: A setting does not exist or has a wrong value.

        Example:
            >>> PrepareConfig.from_dict({"near": {"threshold": 0.9}}).near.threshold
            0.9
        """
        return read_settings(PrepareConfig, raw)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values that `from_dict` reads."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return found
