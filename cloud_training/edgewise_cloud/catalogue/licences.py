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


def allows(licence_class: str, licences: Iterable[str]) -> bool:
    """Tell whether a file of this class may be opened; a mixed file may, its rows are then filtered."""
    return licence_class == MIXED or licence_class in frozenset(licences)
