"""Onsets: when a phase begins, how well that is known, and which way the ground moved first."""
