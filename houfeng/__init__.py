"""Houfeng: the core vocabulary, the one pipeline and the command line."""

__version__ = "0.1.0"
