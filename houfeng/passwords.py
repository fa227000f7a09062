"""Passwords: hashed with argon2id, and checked as slowly for names that nobody has."""

from __future__ import annotations

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from houfeng.errors import AccessError

MIN_LENGTH = 12
MAX_LENGTH = 1024

# RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes. A page has 400 threads: without a limit, as many sign-ins at once
# would take 25 GiB.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
_AT_ONCE = BoundedSemaphore(2)


def hashed(password: str) -> str:
    """What is kept of a new password: an argon2id hash with its salt and its costs.

    Raises
    ------
    AccessError : if it is too short or too long
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise AccessError(f"password: {MIN_LENGTH} to {MAX_LENGTH} characters are needed, {len(password)} came")
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether a password is the one of a hash; None, of an account that is not there, takes as long and is False."""
    if len(password) > MAX_LENGTH:
        return False
    with _AT_ONCE:
        try:
            right = _HASHER.verify(password_hash or _nobody(), password)
        except (VerificationError, InvalidHashError):
            return False
    return right and password_hash is not None


@cache
def _nobody() -> str:
    return _HASHER.hash("the password of nobody")
