"""The duty rosters of the demo: one carrier whose post is manned day and night, one with a gap some hours ahead. Synthetic."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from haihe.kernel import rosters
from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.rosters import DutyPost

DAY, NIGHT = 8, 20  # hours at which shifts change
DAYS = 14


def build(people: dict[str, Account], now: datetime) -> None:
    full = rosters.open_post(people["shunda"], get_organisation("顺达运输"), name="动态监控室", telephone="（演示）")
    alone = rosters.open_post(people["anxing"], get_organisation("安行客运"), name="动态监控室", telephone="（演示）")
    _arrange(people["shunda"], full, DAY, now)
    _arrange(people["shundazhi"], full, NIGHT, now)
    hour = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    for first, last in ((0, 6), (8, 20), (20, 32)):
        begin, end = (hour + timedelta(hours=each) for each in (first, last))
        rosters.arrange_shifts(people["anxing"], alone, person=people["anxing"], starts_at=begin, ends_at=end)
    on_duty = rosters.standing_of(full, now).on_duty[0].account
    rosters.take_over(on_duty, full, text="（演示）设备正常。")
    check = rosters.ask_for_answer(people["jiaotong"], full, question="（演示）现在在线车辆几台？")
    rosters.answer_check(on_duty, check, text="（演示）26 台。")


def _arrange(person: Account, post: DutyPost, hour: int, now: datetime) -> None:
    """Twelve hours from `hour` on, each day, beginning with the shift that runs or comes next."""
    begin = timezone.localtime(now).replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(days=1)
    while begin + timedelta(hours=12) <= now:
        begin += timedelta(days=1)
    rosters.arrange_shifts(person, post, person=person, starts_at=begin, ends_at=begin + timedelta(hours=12), days=DAYS)
