"""What the pack repeats: see reports.py for what is deleted when its time is over."""

from haihe.packs.transport import reports as _reports  # noqa: F401  (registers the duty)
