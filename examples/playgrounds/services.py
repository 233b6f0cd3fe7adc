"""The only door to this pack: playgrounds, and closing or opening one."""

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action, declare, visible
from haihe.kernel.things import Thing

READERS = [Role.SUPERVISOR, Role.OFFICER, Role.VIEWER]
declare("playground.read", "查看游乐场", "see playgrounds", roles=READERS)


def playgrounds(account: Account | None) -> list[Thing]:
    return list(visible(account, Thing.objects.filter(kind="playground", retired_at=None)).order_by("key"))


@action("playground.close", "关闭游乐场", "close a playground", roles=[Role.SUPERVISOR, Role.OFFICER])
def close(account: Account, playground: Thing, *, reason: str) -> Thing:
    if not reason.strip():
        raise InvalidInput("请写明关闭原因。", "Say why it is closed.", where="reason")
    return _set(playground, reason.strip()[:200])


@action("playground.open", "开放游乐场", "open a playground again", roles=[Role.SUPERVISOR, Role.OFFICER])
def open_again(account: Account, playground: Thing) -> Thing:
    return _set(playground, "")


def _set(playground: Thing, closed: str) -> Thing:
    before = playground.attributes.get("closed", "")
    if bool(before) == bool(closed):
        raise Conflict(
            "状态已是如此，他人可能已先操作。", "It is so already: somebody was faster.", where=playground.key
        )
    audit.note(before=before, after=closed)
    playground.attributes = {**playground.attributes, "closed": closed}
    playground.save()
    return playground
