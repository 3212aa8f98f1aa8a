"""What a model has to stand before it may serve, beside its gate: named checks."""
