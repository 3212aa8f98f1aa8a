"""Watching what a model is fed and what it answers: drift, its verdict, its report."""
