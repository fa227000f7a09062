"""Stations: what they are (inventory, registry), how they are (health). Pure: bytes and packets in, values out."""
