"""Detection: packets in, picks and events out. Pure: no sockets, files, clocks or database."""
