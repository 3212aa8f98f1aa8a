"""The page for people: the running system, whom to call today, one customer."""
