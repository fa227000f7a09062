"""What Houfeng remembers: picks, events, station metadata, health and where each stream was left.

`store` writes (one transaction is one unit of work), `queries` reads, `records` are the shapes both speak.
"""
