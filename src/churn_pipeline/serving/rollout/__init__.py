"""Experiments: who gets which model, how that changes, and what came of it."""
