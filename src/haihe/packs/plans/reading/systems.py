"""Named platforms, systems, databases … that a clause says will be built.

A verb of building governs the rest of its phrase (搭建A平台、B系统和C数据库): the phrase is cut into the items of its list, and an item
whose last word is a kind of system is a named system. What the clause only leans on (依托, 接入) is not built by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from haihe.packs.plans.reading.model import NamedSystem

# Verbs after which a system is going to be there …
_BUILDS = (
    "建设(?:完善|运营|升级)?|搭建|打造|构建|建立(?:健全|完善)?|完善|研究开发|开发|升级(?:改造)?|建成|组建|部署|(?<!线)上线(?!下)|推出|研发|研制|健全|整合|优化|"
    "提升|改造|布局|开通|设立|新建|共建|筹建|扩建|(?<!参与)创建|启动|形成|培育|建好|做强"
)
# … and those that only help something along: the phrase itself must then speak of building (支持A平台建设).
_HELPS = "推进|推动|加快|支持|鼓励|引导|谋划|完成|实现|实施|引进|引入|推广|攻关|(?<![业济合区会市])发展(?!服务)"
_VERB = re.compile(f"{_BUILDS}|{_HELPS}")
_BUILDING_WORD = re.compile("建设|搭建|升级|改造|上线|部署|建成|新建|扩建")
_KIND = (
    "平台|(?<!操作)(?<!存储)系统|数据库|信息库|资源库|知识库|模型库|项目库|专家库|人才库|企业库|产品库|技术库|语料库|培育库|咨询库|后备库|需求库|供给库|智算中心|数据中心|算力中心|超算中心|"
    "云中心|计算中心|调度中心|运营中心|控制中心|交易中心|诊断中心|指挥中心|灾备中心|云计算中心|(?:城市|产业|智慧|健康|交通|教育|行业|数据|治理|农业)大脑|大脑(?=”)|中台|底座|一张网|一张图|门户|网站|小程序|APP|"
    "专网|外网|视联网|感知网|骨干网|(?:传输|专用|骨干|政务)网络|数联网|局域网|广播电视网|数据空间|驾驶舱|工作台|助手|测试场|调度体系|响应体系|追溯体系|预警体系|监测体系|防控体系|指挥体系"
)
# What may stand between a system's name and the end of its item.
_TAIL = (
    "(?:等)?(?:的)?(?:项目|工程|功能|综合|规划|互联互通|全覆盖|一体化)?"
    "(?:建设|开发|研发|运行|上线|升级|改造|应用|推广|建立|部署|完善|建成|落地|接入|整合|对接|优化|布局|使用|运营|管理)*"
)
_ITEM = re.compile(rf"^(?P<name>.*(?:{_KIND})[”」]?(?:[1-9](?:[.][0-9])?版?)?)(?:（[^）]{{1,20}}）)?{_TAIL}$")
_OUTSIDE = "(?![^“”]*”)(?![^（）]*）)"  # not inside quotation marks or brackets
_BETWEEN_ITEMS = re.compile(rf"(?:、|和|与|以及|及(?!时)|或){_OUTSIDE}")
# No sentence has so long a phrase; what is longer is not prose, and would take long to cut.
_PHRASE = re.compile(r"(?<![^，。；：！？,;])[^，。；：！？,;]{2,400}(?![^，。；：！？,;])")
# Words that stand before a name without being a part of it.
_BEFORE = re.compile(
    r"^(?:\s|了|成|好|以|一批|一个|若干|多个|各类|各|全市统一的|全区统一的|统一的|我区|我市|本区|现有|原有|相关|有关|全国首批|国产化?|一体推进|并|等|为|到|至|对|的|地|在|区级以上)+"
)
_COUNTED = re.compile(
    r"^(?:约|近|超过|不少于)?[0-9０-９一二三四五六七八九十两]+(?:[至到~—-][0-9一二三四五六七八九十两]+)?[个家项套批]"
)
# Words that name no system by themselves.
_GENERAL = re.compile(
    r"^(?:(?:各类|高端|重大|公共|创新|服务|科技创新|技术|研发|合作|交流|转化|对接|载体|示范|孵化|人才|信息|管理|综合|应用|智能|网络|操作|产业|行业|垂类|开源|生态|物流|交通|"
    r"基础|通信|现代|重点|转移|对接|新型|重要|通用|部门|业务|自建|孤立|多元化|五大|四大|三大|两大|立|等)*(?:平台|系统|网络|大模型|数据库|网站|智能体|数据中心|底座|助手)|基于.{0,8}大模型)$"
)
_AND_OTHERS = re.compile(r"(?<![高同平初中对优劣])等(?:为[^的]*的)?(?!级|候)")
# What a sentence says to be there already is not going to be built.
_ALREADY = re.compile(r"已|目前|现有")
# What is only leaned on or joined is not built: 推动银行机构接入市综合金融服务平台.
_LEANS_ON = re.compile(r"接入|纳入|依托|对接|融入|入驻|汇聚到|汇聚至|迁移至|迁移到|归集至|归集到")
# An inner verb governs its rest only after one of these; otherwise it is a part of a name (工程建设项目审批系统).
_SUBJECT = re.compile(
    r"(?:\A|[，、和与并及]|[业构校位门区县市社团者]|合作|参与|联合|统一|共同|探索|加快|积极|利用.*|依托.*|基于.*|运用.*|通过.*|筹划|持续|逐步|有序|稳步|协同|适时|率先|重点|大力|全面|深入|分步|分批|集中|自主|[0-9年月底前]+|高水平|高标准)\Z"
)
# A list of short words before the last name belongs to it: 医疗、医保、医药“三医一体化”大健康共享平台.
_SHORT_ITEM = 5


def read_systems(line: int, original: str, text: str) -> list[NamedSystem]:
    """The systems that a clause names, in reading order; `text` is `original` with its width made even, of the same length."""
    found: list[NamedSystem] = []
    for phrase in _PHRASE.finditer(text):
        verbs = list(_VERB.finditer(phrase[0]))
        if not verbs or _ALREADY.search(phrase[0][: verbs[0].end()]):
            continue
        governing = verbs[0]
        for start, end in _items(phrase[0], verbs[0].end()):
            match = _ITEM.match(phrase[0][start:end])
            if match is None or _LEANS_ON.search(match["name"]):
                continue
            last = start + match.end("name")
            inside = [verb for verb in verbs if start <= verb.start() and _governs(verb, phrase[0], start, last)]
            governing = inside[-1] if inside else governing
            if re.fullmatch(_HELPS, governing[0]) and not _BUILDING_WORD.search(phrase[0][last:]):
                continue
            first, last = _name_within(phrase[0], inside[-1].end() if inside else start, last)
            if first < last:
                span = (phrase.start() + first, phrase.start() + last)
                found.append(NamedSystem(line, original[span[0] : span[1]], governing[0], span))
    return found


def _items(phrase: str, start: int) -> Iterator[tuple[int, int]]:
    """The items of the list that begins at `start`; short words without a kind join the item after them."""
    begin = at = start
    for cut in [*_BETWEEN_ITEMS.finditer(phrase, start), None]:
        end = cut.start() if cut else len(phrase)
        item = phrase[at:end]
        after = cut.end() if cut else len(phrase)
        shortest = 2 * _SHORT_ITEM if cut is not None and cut[0] == "与" else _SHORT_ITEM
        is_short = len(_BEFORE.sub("", item)) <= shortest and not re.search(_KIND, item) and not _VERB.search(item)
        if cut is None or not (is_short and cut[0] in "、和与"):
            yield begin, end
            begin = after
        at = after


def _governs(verb: re.Match[str], phrase: str, start: int, last: int) -> bool:
    """Whether a verb inside an item governs its rest, rather than being a part of the name (in 城市运行平台 nothing but the kind
    would be left)."""
    before = phrase[start : verb.start()]
    before = re.split(_VERB, before)[-1]
    return (
        verb.end() < last
        and bool(_SUBJECT.search(before))
        and not _GENERAL.match(_BEFORE.sub("", phrase[verb.end() : last]))
    )


def _name_within(phrase: str, first: int, last: int) -> tuple[int, int]:
    """Start and end of the name in what follows its verb; the same number twice where that names no system of its own."""
    name = phrase[first:last]
    if "等领域" in name:
        first += name.index("等领域") + 3
    elif _AND_OTHERS.search(name):
        return last, last  # A、B等公共平台: the last words say what kind of things A and B are
    elif "的" in name:  # 高速高效、安全可靠的算力传输平台, 基于大模型的推广系统
        first += name.rindex("的") + 1
    before = _BEFORE.match(phrase[first:last])
    first += before.end() if before else 0
    name = phrase[first:last]
    if name.count("“") > name.count("”") and phrase[last : last + 1] == "”":
        last, name = last + 1, name + "”"
    names_nothing = len(name) < 4 or _GENERAL.match(name.rpartition("、")[2]) or _COUNTED.match(name)
    return (last, last) if names_nothing or name.count("“") != name.count("”") else (first, last)
