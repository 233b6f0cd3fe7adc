"""All messages, by id. They stand as tables in tables/, a file for each chapter.

Layouts were read in yezhihao/jt808-server, toggery/java-jt808-codec (which marks what 2019 changed), SmallChi/JT808, emqx/emqx
(exchange guide of its JT/T 808 gateway) and AIPorto/GPS-Tracker-SDK (its tables 4–30 repeat those of 2011 and 2013) and hold on the
published frames of the first; the standard's own pages were not read, therefore source unverified.
"""

from __future__ import annotations

from haihe.packs.transport.jt808.message import Layout, Message
from haihe.packs.transport.jt808.tables.active_safety import ACTIVE_SAFETY_MESSAGES
from haihe.packs.transport.jt808.tables.areas import AREAS
from haihe.packs.transport.jt808.tables.data import DATA
from haihe.packs.transport.jt808.tables.driving import DRIVING
from haihe.packs.transport.jt808.tables.information import INFORMATION
from haihe.packs.transport.jt808.tables.locations import LOCATIONS
from haihe.packs.transport.jt808.tables.media import MEDIA
from haihe.packs.transport.jt808.tables.terminals import TERMINALS

MESSAGES: dict[int, Message] = {
    message.id: message
    for chapter in (TERMINALS, LOCATIONS, INFORMATION, AREAS, DRIVING, MEDIA, DATA, ACTIVE_SAFETY_MESSAGES)
    for message in chapter
}


def message_name(number: int) -> str | None:
    """The name of a message in Chinese and English, or None for a maker's own."""
    message = MESSAGES.get(number)
    return message.name if message else None


__all__ = ["MESSAGES", "Layout", "Message", "message_name"]
