"""Catalog datasets of this project: how tables, artifacts and champions are kept."""
