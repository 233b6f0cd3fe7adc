"""Texts, events, questions, services and the telephone. 2019 dropped events, questions and services; terminals still send them."""

from __future__ import annotations

from haihe.packs.transport.jt808.fields import U8, CountedText, Field, Repeated, Text
from haihe.packs.transport.jt808.message import REPLY_SERIAL, Message, changed, same

_FLAGS = Field("flags", U8, "标志", "flags")
_TEXT = Field("text", Text(), "文本信息", "text")
_EVENT = (Field("id", U8, "事件 ID", "event"), Field("text", CountedText(), "事件内容", "text"))
_ANSWER = (Field("id", U8, "答案 ID", "answer"), Field("text", CountedText(2), "答案内容", "text"))
_SERVICE = (Field("kind", U8, "信息类型", "kind"), Field("name", CountedText(2), "信息名称", "name"))
_CONTACT = (
    Field("flags", U8, "标志：1 呼入，2 呼出，3 呼入/呼出", "1 incoming, 2 outgoing, 3 both"),
    Field("phone", CountedText(), "电话号码", "telephone number"),
    Field("name", CountedText(), "联系人", "name"),
)

INFORMATION: tuple[Message, ...] = (
    changed(0x8300, "文本信息下发", "text to the vehicle", (_FLAGS, _TEXT),
            (_FLAGS, Field("kind", U8, "文本类型：1 通知，2 服务", "1 notice, 2 service"), _TEXT)),
    same(0x8301, "事件设置", "events",
         Field("action", U8, "设置类型：0 删除全部，1 更新，2 追加，3 修改，4 删除指定", "0 delete all, 1 replace, 2 add, 3 change, 4 delete these"),
         Field("events", Repeated(_EVENT), "事件项", "events", optional=True)),
    same(0x0301, "事件报告", "event", Field("id", U8, "事件 ID", "event")),
    same(0x8302, "提问下发", "question",
         _FLAGS, Field("text", CountedText(), "问题", "question"), Field("answers", Repeated(_ANSWER, 0), "候选答案", "answers")),
    same(0x0302, "提问应答", "answer", REPLY_SERIAL, Field("id", U8, "答案 ID", "answer")),
    same(0x8303, "信息点播菜单设置", "menu of services",
         Field("action", U8, "设置类型：0 删除全部，1 更新，2 追加，3 修改", "0 delete all, 1 replace, 2 add, 3 change"),
         Field("services", Repeated(_SERVICE), "信息项", "services", optional=True)),
    same(0x0303, "信息点播/取消", "choice of a service",
         Field("kind", U8, "信息类型", "kind"), Field("wanted", U8, "0 取消，1 点播", "0 cancelled, 1 wanted")),
    same(0x8304, "信息服务", "service", Field("kind", U8, "信息类型", "kind"), Field("text", CountedText(2), "信息内容", "text")),
    same(0x8400, "电话回拨", "call-back",
         Field("mode", U8, "标志：0 普通通话，1 监听", "0 call, 1 monitoring"), Field("phone", Text(), "电话号码", "telephone number")),
    same(0x8401, "设置电话本", "telephone book",
         Field("action", U8, "设置类型：0 删除全部，1 更新，2 追加，3 修改", "0 delete all, 1 replace, 2 add, 3 change"),
         Field("contacts", Repeated(_CONTACT), "联系人项", "contacts", optional=True)),
)  # fmt: skip
