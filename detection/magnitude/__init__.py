"""How large events are: amplitudes of single stations, and what the network makes of them."""
