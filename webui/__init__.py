"""The web page: stations and events as people and programs read them. It only reads the database.

`webui.app.create_app` makes it. Nothing is imported here: every command reads `webui.settings`, few need Flask.
"""
