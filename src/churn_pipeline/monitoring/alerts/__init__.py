"""Alerts of the watch: rules over facts, told once to whom they concern."""
