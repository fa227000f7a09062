"""What is read from the waveforms of an event once they are there: S onsets, and what magnitudes are made of."""
