"""How many books open reading rooms lend, on any day."""

from datetime import date

from haihe.kernel.indicators import Offered
from haihe.kernel.registers import Count, offer_count

offer_count(
    Offered(
        "reading_rooms.books",
        "城市书房可借图书",
        "books to lend in reading rooms",
        "册",
        "开放书房登记的可借图书之和",
        "unverified",
        date(2026, 1, 1),
    ),
    Count("reading_rooms", lambda known, day: [(s, s.number("books")) for s in known if s.state == "open"]),
)
