"""The signature in a bundle's manifest: Ed25519 over the canonical JSON of the manifest without it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgewise.errors import SignatureError
from edgewise.updates.canonical import canonical
from edgewise.updates.needed import need_update_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCHEME = "ed25519-jcs"
"""Ed25519 over RFC 8785 JSON; the only scheme of this version."""

PublicKeys = Mapping[str, bytes]
"""Keys that may sign: id to the 32 raw bytes."""


def key_id(public: bytes) -> str:
    """Return the id of a public key: the sha256 of its 32 raw bytes."""
    return hashlib.sha256(public).hexdigest()


def signed_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return what is signed: everything in a manifest but its signature.

    Raises:
        SignatureError: It holds a number that has no canonical form.
    """
    try:
        return canonical({key: value for key, value in manifest.items() if key != "signature"})
    except (ValueError, RecursionError) as error:
        raise SignatureError(f"the manifest has no canonical form: {error}") from error


def sign(manifest: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return a manifest with its signature.

    Raises:
        SignatureError: It holds what has no canonical form.
    """
    public = key.public_key().public_bytes_raw()
    signature = key.sign(signed_bytes(manifest)).hex()
    return {
        **manifest,
        "signature": {"scheme": SCHEME, "key_id": key_id(public), "value": signature},
    }


def verify(manifest: Mapping[str, Any], keys: PublicKeys) -> str:
    """Check the signature of a manifest.

    Args:
        manifest: The manifest as it was parsed, unknown fields included (`Manifest.raw`).
        keys: Keys that may sign.

    Returns:
        The id of the key that signed.

    Raises:
        SignatureError: There is no signature, its key is not among them, or it does not fit.
        MissingExtraError: cryptography is not installed.
    """
    signature = manifest.get("signature")
    if not isinstance(signature, Mapping):
        raise SignatureError("the bundle is not signed")
    scheme, signer, value = (signature.get(field) for field in ("scheme", "key_id", "value"))
    if scheme != SCHEME:
        raise SignatureError(f"its scheme is {str(scheme)[:40]!r}, only {SCHEME} is known")
    public = keys.get(signer) if isinstance(signer, str) else None
    if public is None or key_id(public) != signer:
        raise SignatureError(f"it was made with the key {str(signer)[:16]}, which may not sign bundles here")
    need_update_extra("Checking a signature")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(str(value)), signed_bytes(manifest))
    except (InvalidSignature, ValueError):
        raise SignatureError("it does not fit the manifest: one of the two was changed") from None
    return str(signer)


def parse_keys(document: Mapping[str, Any] | None) -> dict[str, bytes]:
    """Read `bundle-keys.json`: the keys that may sign bundles; what is no key is left out.

    >>> parse_keys({"format": 1, "keys": ["00" * 32, "no key"]}) == {key_id(bytes(32)): bytes(32)}
    True
    """
    listed = document.get("keys") if document is not None and document.get("format") == 1 else None
    found: dict[str, bytes] = {}
    for text in listed if isinstance(listed, list) else []:
        try:
            public = bytes.fromhex(str(text))
        except ValueError:
            continue
        if len(public) == 32:
            found[key_id(public)] = public
    return found
