"""Who is told of alerts, and how: planned once, tried until it went well or was given up, over restarts."""
