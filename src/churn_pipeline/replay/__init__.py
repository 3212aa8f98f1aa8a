"""The whole system over months that have been, beside simpler ways to keep a model."""
