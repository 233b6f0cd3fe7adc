"""Feeds: field protocols spoken with devices. A pack declares a Feed in its `feeds.py` (or `feeds/`); the gateway runs every one of them.

The road of a frame (runtime.py holds it as one list): bytes → frames → observations → journal (fsync'd) → acknowledgement.
"""
