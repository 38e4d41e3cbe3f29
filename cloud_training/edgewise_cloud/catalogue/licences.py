"""Licence classes of the catalogue, and which of them a shipped model may be trained on."""

from collections.abc import Iterable

from edgewise_cloud.catalogue.errors import UnknownLicenceError

SHIPPABLE = frozenset({"open", "copyleft", "unstated", "opus-terms", "tweets-terms"})
"""Classes that training uses by default."""

REFUSED = frozenset({"nc", "nc-nd", "research", "gated", "open/nc per story"})
"""Classes for evaluation only."""

ALL_LICENCES = SHIPPABLE | REFUSED
"""Every class: for evaluation, which trains nothing."""

MIXED = "mixed"
"""Class of a file whose rows have licences of their own, by source."""


def demand_known(licences: Iterable[str], where: str) -> frozenset[str]:
    """Return licence classes as a set, once each of them is known to exist.

    Raises:
        UnknownLicenceError: one does not.
    """
    classes = frozenset(licences)
    for name in sorted(classes - ALL_LICENCES - {MIXED}):
        raise UnknownLicenceError(name, where, ALL_LICENCES)
    return classes


def licence_filter(text: str | None) -> frozenset[str]:
    """Read a filter such as "open,copyleft"; None is what may ship, "all" is every class.

    Raises:
        UnknownLicenceError: a class does not exist, or none is named.
    """
    if text is None:
        return SHIPPABLE
    names = [part.strip() for part in text.split(",") if part.strip()]
    if names == ["all"]:
        return ALL_LICENCES
    return demand_known(names or [text], "the licence filter")


def allows(licence_class: str, licences: Iterable[str]) -> bool:
    """Tell whether a file of this class may be opened; a mixed file may, its rows are then filtered."""
    return licence_class == MIXED or licence_class in frozenset(licences)
