"""The feeds of this pack: terminals on JT/T 808 (terminals.py), and the files of their alarms on a port of their own (alarm_files.py)."""

from haihe.packs.transport.feeds.terminals import JT808

from haihe.packs.transport.feeds.alarm_files import AlarmFiles  # isort: skip  (they are listed in this order)

__all__ = ["JT808", "AlarmFiles"]
