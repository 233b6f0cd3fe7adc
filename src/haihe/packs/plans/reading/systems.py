"""Named platforms, systems, databases … that a clause says will be built."""

from __future__ import annotations

import re

from haihe.packs.plans.reading.model import NamedSystem

_VERB = "建设|搭建|打造|构建|建立|完善|开发|升级|建成|组建|部署|上线|推出|研发|健全|整合|优化|提升|改造|布局|开通|建|推进|加快|实现|推广|设立|运行|依托|接入"
_END = "平台|系统|数据库|信息库|资源库|知识库|模型库|项目库|专家库|人才库|智算中心|数据中心|算力中心|云中心|计算中心|调度中心|运营中心|大脑|中台|底座|一张网|一张图|一体机|门户|网站|小程序|APP|专网|感知网|网络|可信数据空间|数据空间|驾驶舱|工作台|大模型|智能体|一网通办|一网统管|交易中心|诊断中心|指挥中心|灾备中心|测试场"
_NAMED = re.compile(
    rf"(?P<verb>{_VERB})(?:了|成|和完善|和运行|好|以|一批|一个|全市统一的|统一的)?(?P<name>(?:(?!{_VERB})[^，。；：、（）]|、(?=[^，。；]{{1,24}}(?:{_END}))|（[^）]{{1,20}}）){{1,44}}?(?:{_END}))(?=[，。；、：）（”\s]|$|建设|和|与|及|的|等|上线|运行|开发|升级|改造|项目|功能|试点|研发|，)"
)
_NOT = re.compile(r"^(?:等|和|及|与|的|一批|各类|相关|多元化?|行业)")


def read_systems(line: int, original: str, text: str) -> list[NamedSystem]:
    found = []
    for match in _NAMED.finditer(text):
        name = match["name"].strip("“” ")
        if len(name) < 3 or _NOT.match(name):
            continue
        start, end = match.span("name")
        found.append(NamedSystem(line, original[start:end].strip(), match["verb"], (start, end)))
    return found
