"""Which bands, averages and ratios find the events of a catalogue, and what they find beside these."""
