"""Orders to terminals: declared as tables (table.py), checked (forms.py), sent and answered (sending.py)."""
