"""Packs: one Django app a field. A folder here with an `apps.py` holding a PackConfig is found by being here."""
