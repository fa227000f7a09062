"""Configuration: one TOML file in, frozen and checked settings of every room out."""

from configs.differ import Change, difference
from configs.load import load
from configs.settings import Settings

__all__ = ["Change", "Settings", "difference", "load"]
