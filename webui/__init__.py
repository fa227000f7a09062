"""The web page: stations and events as people and programs read them. It only reads the database."""

from webui.app import create_app

__all__ = ["create_app"]
