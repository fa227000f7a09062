"""Configuration: one TOML file in, frozen and checked settings of every room out."""

from configs.differ import Change, difference
from configs.settings import Settings, load

__all__ = ["Change", "Settings", "difference", "load"]
