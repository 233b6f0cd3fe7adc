from django.utils import timezone

from haihe.kernel.evidence import receive
from haihe.kernel.registers import COUNTS, hand_in, open_entry, review
from haihe.testing.registers import problems
from reading_rooms.register import ReadingRooms


def test_the_register_keeps_the_contract():
    assert problems(ReadingRooms) == []


def test_books_count_once_the_bureau_has_accepted_the_room(district, account_with, signed_in):
    town, bureau = account_with("officer", district.town), account_with("officer", district.city)
    values = {"name": "柳渡书房", "books": "3200", "open_h": "56"}
    entry = open_entry(town, None, register="reading_rooms", owner=district.town, reviewer=district.city, values=values)
    entry = hand_in(town, entry, version=1, step="open", text="附照片", evidence=[receive("照片.txt", [b"1"], town)])
    books = COUNTS["reading_rooms.books"]
    assert not books.value_at(timezone.now())
    review(bureau, entry, version=2, accept=True, values={})
    assert books.value_at(timezone.now()) == 3200
    assert "柳渡书房" in signed_in(bureau).get("/reading_rooms/").content.decode()
