"""Alerts: when stations need somebody, one alert for one cause; what it likely is, and what was done about it."""
