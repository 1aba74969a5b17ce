"""Ed25519 signatures: who vouches for a manifest, under which name.

The library is imported where a key is at hand: most services trust none, and start without it.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from service.errors import ArtifactError, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE_FILE = "manifest.sig"

_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_LINE = re.compile(r"ed25519 ([0-9a-f]{16}) ([A-Za-z0-9+/]{86}==)")


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """A new key pair, both halves as PEM."""

    private_pem: bytes
    public_pem: bytes


def generate_key_pair() -> KeyPair:
    """Make a key pair.

    Returns
    -------
    KeyPair
        The private half signs, the public half is trusted.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    return KeyPair(
        private_pem=private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        public_pem=private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustedKeys:
    """The public keys of those who may vouch for a model.

    Parameters
    ----------
    keys : mapping of str to Ed25519PublicKey
        Keys by their ids; several while one takes over from another.
    """

    keys: dict[str, "Ed25519PublicKey"]

    @property
    def ids(self) -> frozenset[str]:
        """Which keys these are; equal sets trust the same."""
        return frozenset(self.keys)

    def verify(self, name: str, manifest: bytes, signatures: bytes | None) -> None:
        """Check that a trusted key signed a manifest under a name.

        Parameters
        ----------
        name : str
            The model.
        manifest : bytes
            The file ``manifest.json``.
        signatures : bytes or None
            The file ``manifest.sig``, if there is one.

        Raises
        ------
        ArtifactError
            If no trusted key did.
        """
        from cryptography.exceptions import InvalidSignature

        if signatures is None:
            msg = f"{SIGNATURE_FILE} is missing, and only signed models are accepted"
            raise ArtifactError(msg)
        for line in signatures.decode("ascii", "replace").splitlines():
            match = _LINE.fullmatch(line)
            key = self.keys.get(match[1]) if match else None
            if match and key:
                try:
                    key.verify(base64.b64decode(match[2]), _message(name, manifest))
                except InvalidSignature:
                    continue
                return
        msg = f"{SIGNATURE_FILE} holds no signature of a trusted key for this manifest and name"
        raise ArtifactError(msg)


def read_trusted_keys(path: Path) -> TrustedKeys:
    """Read the public keys to trust.

    Parameters
    ----------
    path : Path
        A PEM file with one or more public keys, or a folder of ``.pub`` files.

    Returns
    -------
    TrustedKeys
        At least one key.

    Raises
    ------
    SettingsError
        If there is none, or one that is no Ed25519 public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        files = sorted(path.glob("*.pub")) if path.is_dir() else [path]
        pems = [pem for file in files for pem in _PEM.findall(file.read_bytes())]
        keys = [serialization.load_pem_public_key(pem) for pem in pems]
    except (OSError, MemoryError, ValueError, UnsupportedAlgorithm) as error:
        msg = f"trusted keys: {path} cannot be read ({type(error).__name__})"
        raise SettingsError(msg) from error
    trusted = {_key_id(key): key for key in keys if isinstance(key, Ed25519PublicKey)}
    if not trusted or len(trusted) < len(set(pems)):
        msg = f"trusted keys: expected Ed25519 public keys in {path}"
        raise SettingsError(msg)
    return TrustedKeys(keys=trusted)


def sign_manifest(name: str, manifest: bytes, private_pem: bytes) -> bytes:
    """Sign a manifest under a name.

    Parameters
    ----------
    name : str
        The model; the signature holds for no other name.
    manifest : bytes
        The file ``manifest.json``.
    private_pem : bytes
        The private half of a key pair.

    Returns
    -------
    bytes
        One line for the file ``manifest.sig``.

    Raises
    ------
    SettingsError
        If the key is no Ed25519 private key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        private = serialization.load_pem_private_key(private_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = "expected an Ed25519 private key in PEM, without a password"
        raise SettingsError(msg) from error
    if not isinstance(private, Ed25519PrivateKey):
        msg = f"expected an Ed25519 private key, got {type(private).__name__}"
        raise SettingsError(msg)
    signature = base64.b64encode(private.sign(_message(name, manifest))).decode()
    return f"ed25519 {_key_id(private.public_key())} {signature}\n".encode()


def _message(name: str, manifest: bytes) -> bytes:
    # The name is signed too: a sound model must not answer for another one.
    return f"softmax-service manifest\n{name}\n{hashlib.sha256(manifest).hexdigest()}\n".encode()


def _key_id(key: "Ed25519PublicKey") -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
