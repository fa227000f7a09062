"""Stations: what they are (inventory, registry) and how they are (health). Pure: bytes and packets in, values out."""
