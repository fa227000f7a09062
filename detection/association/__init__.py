"""Which onsets at which stations are of one event."""
