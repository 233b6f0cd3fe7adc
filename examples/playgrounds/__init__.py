"""Playgrounds that are closed and opened again: a page and an action."""
