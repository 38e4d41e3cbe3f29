"""The rows of a labelled file, column by column."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one data set, as the file has them.

    Attributes:
        texts: The texts.
        langs: Language codes.
        labels: The single label, or None where there is not exactly one (emotion sets with several).
        kinds: The list `labels` of the file: kinds of abuse, or emotions; empty for sentiment.
        natives: The label as published; several are joined with "|".
        splits: train, dev or test.
        sources: "owner/name:path" of the file of origin.
    """

    texts: list[str]
    langs: list[str]
    labels: list[str | None]
    kinds: list[tuple[str, ...]]
    natives: list[str]
    splits: list[str]
    sources: list[str]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)

    @staticmethod
    def empty() -> "Rows":
        """Return no rows."""
        return Rows([], [], [], [], [], [], [])
