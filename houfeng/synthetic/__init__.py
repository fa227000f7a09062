"""A synthetic network of known truth: to see what detection finds of earthquakes that are known to the last one."""
