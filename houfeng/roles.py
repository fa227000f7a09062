"""Who may do what: each role may do what the ones before it may."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What an account is for, from reading to deciding who else has one."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Whether what needs `needed` is this role's too."""
        return list(Role).index(self) >= list(Role).index(needed)
