"""Configuration: one TOML file in, frozen and checked settings of every room out."""

from configs.settings import Settings, load

__all__ = ["Settings", "load"]
