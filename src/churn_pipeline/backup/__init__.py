"""Backup and restore of what a project cannot make again."""
