"""What an event as located is worth and may be: quality class, hints of its type, each with reasons in words."""
