"""Secrets kept in a database: encrypted under the newest of several keys, readable under any of them.

Fernet (AES-128-CBC with HMAC-SHA256). A key set is a comma list, the newest first: what is written uses the first, what is
read may use any, so keys change with an overlap. The place a secret belongs to is sealed in with it: a ciphertext copied to
another row opens nowhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Unreadable(Exception):
    """A ciphertext no key of the set opens, or one that belongs to another place."""


class Keyring:
    """A set of keys, the newest first. Raises ValueError for a key that is none, and for an empty set."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("there is no key")
        try:
            self._fernets = [Fernet(key) for key in keys]
        except ValueError as error:
            raise ValueError("a key is 32 bytes in URL-safe base64") from error
        self._all = MultiFernet(self._fernets)

    def encrypt(self, secret: str, *, place: str) -> str:
        """The ciphertext of a secret that belongs to `place`."""
        return self._all.encrypt(json.dumps([place, secret]).encode()).decode()

    def decrypt(self, ciphertext: str, *, place: str) -> str:
        """The secret. Raises Unreadable."""
        try:
            found, secret = json.loads(self._all.decrypt(ciphertext.encode()))
        except (InvalidToken, ValueError) as error:
            raise Unreadable("no key of the set opens this") from error
        if found != place:
            raise Unreadable("this belongs to another place")
        return str(secret)

    def is_current(self, ciphertext: str) -> bool:
        """Whether it is encrypted under the newest key."""
        try:
            self._fernets[0].decrypt(ciphertext.encode())
        except InvalidToken:
            return False
        return True

    def rotated(self, ciphertext: str) -> str:
        """The same secret under the newest key. Raises Unreadable."""
        try:
            return self._all.rotate(ciphertext.encode()).decode()
        except InvalidToken as error:
            raise Unreadable("no key of the set opens this") from error


def new_key() -> str:
    """A key for a set."""
    return Fernet.generate_key().decode()


def derived_key(secret: str, purpose: str) -> str:
    """A key made from another secret of the process, for one purpose (HKDF, RFC 5869)."""
    made = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())
    return base64.urlsafe_b64encode(made).decode()
