"""What replays are made of: what they were given, how far they are, and what one found that another did not."""
