"""Key pairs that people sign in with."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def new_key() -> tuple[rsa.RSAPrivateKey, str]:
    """A private key, and its public one as an account has it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key, public.decode()


def write_key(key: rsa.RSAPrivateKey, path: Path, passphrase: str = "") -> str:
    """Write it as PKCS#8, for its owner alone; returns the path as connections have it."""
    how = (
        serialization.BestAvailableEncryption(passphrase.encode())
        if passphrase
        else serialization.NoEncryption()
    )
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    )
    path.chmod(0o600)
    return str(path)
