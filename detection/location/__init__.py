"""Where and when an event was: travel times through an Earth model, and the hypocentre that explains the onsets."""
