"""Numbers that a document commits to, and those that say what already is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from haihe.packs.plans.reading.model import Comparator, Target
from haihe.packs.plans.reading.numbers import Quantity, chinese_quantities, doublings, normal_unit, quantities
from haihe.packs.plans.reading.outline import numbering_of

BASELINE_SECTION = re.compile(
    r"现状|基础条件|发展基础|工作基础|面临形势|形势|回顾|取得的?成[效绩]|成效|存在的?问题|编制背景|背景"
)
_SUBSIDY = re.compile(
    r"奖励|补贴|补助|资助|奖补|贴息|给予|安家费|津贴|经费支持|资金支持|奖金|扶持资金|最高不超过|一次性|兑现奖|奖给|报销|减免|担保费|券"
)
STRIVE = re.compile(r"力争|争取|努力(?!方向)|争创")
DEADLINE = re.compile(
    r"(?:到|至|于|在)?(?P<year>20\d\d)\s?年(?:\s?(?P<month>\d{1,2})\s?月(?:\s?(?P<day>\d{1,2})\s?日)?)?\s?(?P<end>底|末|年底|年末)?(?P<before>之?前)?|"
    r"(?P<cn>[二〇零一三四五六七八九]{4})年(?P<cn_end>底|末)?"
)
_QUOTED = re.compile(r"“[^”]*”|《[^》]*》")
_CN_VERB = re.compile(
    r"(?:建成|建设|打造|实施|构建|形成|搭建|整合|培育|发展|完善|推进|创建|组建|融合|开展|做强|壮大|实现|推动|建立)[^，。；]{0,24}\Z"
)
_CN_VERB_ANYWHERE = re.compile(r"建成|建设|打造|培育|集聚|带动|新增|引进|形成|完成|服务|培训")
LONGEST_CLAUSE = 1000
_CN_UNIT = ("大", "个", "项", "家", "条", "所", "座", "处", "人", "名")
_FUNDS = re.compile(r"预算|概算|专项资金|上级资金|配套|安排资金|资金(?:约|共|约为)?\d|资金投入|总投资约?\d|投入预计")
_THRESHOLD_TAIL = re.compile(r"(?:的|级以上|以上的|以下的)")
_TIME_UNITS = ("小时", "分钟", "秒", "天", "个工作日", "工作日", "个月")
_TIME_CONTEXT = re.compile(r"压缩|缩短|压减|降至|降到|不超过|控制在|时限|时长|响应|办结|平均|以内|时间|延长")
# 到2027年， at the beginning of a paragraph (after a number or dashes) holds for all its sentences.
_LEADING_DATE = re.compile(
    r"\s*(?:—+|[一二三四五六七八九十]+、|（[^）]{1,3}）|\d+[.、])?\s*(?:到|至)\s?(20\d\d)\s?年(?:底|末)?[，：]"
)
_LEADING = re.compile(
    r"^(?:(?:到|至|于|在)?20\d\d\s?年(?:\d{1,2}月)?(?:底|末)?(?:之?前)?|力争|争取|努力|确保|基本|累计|全面|新增|共|总共|全年|每年|年均|首批|重点|加快|推动|推进|支持|鼓励|积极|继续|并|实现|完成|达到|建成|建设|新建|打造|培育|引进|引育|引培|形成|建立|"
    r"构建|组建|搭建|实施|开展|发展|创建|制定|出台|遴选|推出|选育|认定|攻克|突破|聚集|集聚|吸引|申报|获批|使|将|对|为|从|由|和|及|以及|与|、|：|“|—|-|\s)+"
)
_TRAILING = re.compile(
    r"(?:分别|总数|数量|总量|累计|力争|争取|基本|全部|均|约|共|已|应|要|将|不断|稳定|逐步|比20\d\d年|较20\d\d年|年均|每年|再|各|为|达到|达|超过|超|突破|提高到?|提升到?|提升至?|提高至?|增加到?|增长到?|扩大到?|降到?|降至|降低到?|下降到?|下降|压减到?|压减至|压缩到?|压缩至|缩短到?|缩短至|控制在?|保持在?|稳定在?|不少于|不低于|不超过|有|至|到|在|建成|新增|：|、|，|“|\s)+\Z"
)
_NOT_A_COUNT_BEFORE = re.compile(r"(?:第|“|十|[A-Za-z]|电话|邮编|号|《|GB|ISO|T/|Windows|IPV|IPv|NB|TOP|前)\Z")


# The time limit that a bracket names with the units at the end of an item: （甲局牵头，2026年12月完成）. One with a label of its own
# (完成时限：…) is the task's, not the number's.
CLOSING_DATE = re.compile(
    rf"（[^（）]{{0,200}}?(?<![：年至—]){DEADLINE.pattern}(?=\s*(?:完成|全面完成|启动|建成)?[^（）。]{{0,40}}）?。?\s*\Z)"
)


def deadline_of(match: re.Match[str]) -> str:
    if match["cn"]:
        return "".join(str("〇一二三四五六七八九".index(c) if c != "零" else 0) for c in match["cn"])
    year, month, day = match["year"], match["month"], match["day"]
    if month and day:
        return f"{year}-{int(month):02d}-{int(day):02d}"
    return f"{year}-{int(month):02d}" if month else year


def read_targets(line: int, original: str, text: str, *, in_baseline_section: bool = False) -> list[Target]:
    """The targets and baselines of one line.

    A deadline is the last date before the number in its clause, else the one that an earlier clause of the sentence gave, else
    "到2027年" of an earlier sentence of the paragraph, else a date that follows in the clause (…，2026年底前完成).
    """
    found: list[Target] = []
    paragraph: str | None = None
    start = 0
    closing = CLOSING_DATE.search(text)
    is_heading = len(text.split("。")[0]) < 40 and numbering_of(text) is not None and "。" not in text.rstrip("。")
    for sentence in re.split(r"(?<=[。！？])", text):
        inherited = paragraph
        for offset, clause in _clauses(sentence, start):
            dates = _dates_of(clause)
            for quantity in _quantities_of(clause, is_heading=is_heading):
                before = [date for at, date in dates if at < quantity.start]
                after = [date for at, date in dates if at > quantity.start]
                deadline = before[-1] if before else inherited or (after[0] if after else None)
                deadline = deadline or (closing and deadline_of(closing)) or None
                target = _target(line, original, clause, offset, quantity, deadline, in_baseline_section, bool(before))
                if target is not None:
                    found.append(target)
            inherited = dates[-1][1] if dates else inherited
        leading = _LEADING_DATE.match(sentence)
        paragraph = leading[1] if leading else paragraph
        start += len(sentence)
    return found


def _dates_of(clause: str) -> list[tuple[int, str]]:
    """Dates of a clause that can be deadlines, with their places: not years of comparison, periods or titles."""
    found = []
    for match in DEADLINE.finditer(clause):
        after, before = clause[match.end() : match.end() + 4], clause[max(0, match.start() - 8) : match.start()]
        if re.match(r"以来|的|度|版|第|与|和|~|—|-|至20|起", after) or re.search(
            r"(?:比|较|由|从|自|与|截至|截止|《[^》]*)\Z", before
        ):
            continue
        if re.search(r"\d年?\s?[—\-~至]{1,2}\Z", before) and not re.match(r"期?间?，|期间", after):
            continue  # 方案（2018—2020年）; but 2018—2020年，全市新建… ends in 2020
        found.append((match.start(), deadline_of(match)))
    return found


def _clauses(sentence: str, start: int) -> list[tuple[int, str]]:
    """The parts between semicolons; one that no sentence of a plan would fill is cut at a comma, so that time stays linear."""
    pattern = rf"[^；]{{1,{LONGEST_CLAUSE}}}(?:，|\Z|(?=；))|[^；]{{1,{2 * LONGEST_CLAUSE}}}"
    return [(start + match.start(), match[0]) for match in re.finditer(pattern, sentence)]


def _quantities_of(clause: str, *, is_heading: bool) -> list[Quantity]:
    found = [*quantities(clause), *doublings(clause)]
    taken = [(q.start, q.end) for q in found]
    quoted = [m.span() for m in _QUOTED.finditer(clause)]
    for q in chinese_quantities(clause):
        if any(a < q.end and q.start < b for a, b in taken) or any(a <= q.start < b for a, b in quoted):
            continue
        before = clause[: q.start]
        if (
            q.unit == "%"
            or q.unit in ("千瓦时", "元", "亿元", "万元", "亩", "公里")
            or (q.value >= 10_000 and re.search(r"(?:突破|超过?|达到?)\Z", before))
            or (
                q.value >= 10
                and q.unit in ("人", "个", "家", "项", "名", "次", "户")
                and clause_end(clause[q.end :])
                and _CN_VERB_ANYWHERE.search(before)
            )
            or (q.unit in _CN_UNIT and not is_heading and _is_counted(before, q.unit) and q.value >= 2)
        ):
            found.append(q)
    kept = sorted(
        (q for q in found if not any(a <= q.start < b and clause[a] == "《" for a, b in quoted)), key=lambda q: q.start
    )
    return _with_shared_units(kept, clause)


def _with_shared_units(found: list[Quantity], clause: str) -> list[Quantity]:
    """40个、5个工作日以内; 分别达到30、50个: numbers side by side share what only the last of them names."""
    shared = list(found)
    for n in range(len(shared) - 2, -1, -1):
        q, following = shared[n], shared[n + 1]
        beside = clause[q.end : following.start] in ("、", "和", "及", "") and not following.value_max
        is_part = q.unit == "" or (q.unit != following.unit and following.unit.startswith(q.unit))
        if (
            beside
            and is_part
            and not re.search(r"[万亿]", clause[following.start : following.end].replace(following.unit, ""))
        ):
            own = q.comparator if q.comparator != "=" else following.comparator
            shared[n] = replace(q, unit=following.unit, comparator=own, measured=following.measured)
    return shared


def _is_counted(before: str, unit: str) -> bool:
    """Whether a Chinese numeral counts something to be built: 打造…等四大集群, 实施九项工程, 建设三个中心."""
    if before.endswith(("第", "一", "“")):
        return False
    if unit in ("大", "项"):
        return bool(_CN_VERB.search(before))
    return bool(re.search(r"(?:建成|建设|新建|打造|培育|引进|创建|组建|新增|设立)[^，。；、]{0,6}\Z", before))


def _target(
    line: int, original: str, clause: str, offset: int, q: Quantity, deadline: str | None, in_baseline: bool, own_date: bool
) -> Target | None:  # fmt: skip
    before, after = clause[: q.start], clause[q.end :]
    if _is_no_count(clause, q, before, after):
        return None
    is_baseline = in_baseline or _is_baseline(clause, q)
    if is_baseline and clause[q.start : q.start + 1] in "二三四五六七八九十两":
        return None  # 三大数据库 that exist are a name, not a figure
    kind: Literal["target", "baseline"] = "baseline" if is_baseline else "target"
    part = _part_before(clause, q)
    if is_baseline:
        deadline = _baseline_day(clause, q)
    elif re.search(r"每年|年均|每季度|每月|每半年", part) and not own_date:
        deadline = None
    elif re.search(r"每年|年均增长|每季度|每月|每半年", part):
        deadline = (
            deadline
            if re.search(r"20\d\d年[^，]*(?:每年|年均)", part)
            else None
            if re.search(r"每年|每月|每季度", part)
            else deadline
        )
    strength: Literal["binding", "strive"] = (
        "strive" if kind == "target" and _is_striven_for(part, before) else "binding"
    )
    return Target(
        line=line, text=original[offset : offset + len(clause)].strip(), subject=_subject(before, after), kind=kind, comparator=_comparator(q, before, after),
        value=q.value, value_max=q.value_max, unit=q.unit or None, unit_normalised=normal_unit(q.unit),
        value_as_written=original[offset + q.start : offset + q.end].strip(), deadline=deadline, strength=strength, span=(offset + q.start, offset + q.end),
    )  # fmt: skip


def _is_striven_for(part: str, before: str) -> bool:
    """力争 in the part of the sentence that holds the number, or just before it: 力争到2020年底，产值突破500亿元."""
    earlier = before[: len(before) - len(part)]
    return bool(STRIVE.search(part)) or bool(
        re.search(r"(?:力争|争取)[^，。；\d]{0,4}(?:20\d\d年|\d{1,2}年)?[^，。；\d]{0,10}，\Z", earlier)
    )


def _is_no_count(clause: str, q: Quantity, before: str, after: str) -> bool:
    """Whether a number commits to nothing: a date, a network generation, a service hour, a subsidy, a threshold."""
    if not q.unit and not _counts_without_unit(before, after, q, clause[q.start : q.end]):
        return True
    if (
        _NOT_A_COUNT_BEFORE.search(before)
        or _is_date(clause, q)
        or (after[:1] in ("G", "号", "年", "月", "日") and q.unit != "个")
        or (q.unit == "路" and q.value < 100)  # a road's number; 接入视频10万路 is a count
    ):
        return True
    if q.unit in _TIME_UNITS and q.value < 1000 and not _TIME_CONTEXT.search(before[-24:] + after[:10]):
        return True
    if q.unit == "小时" and (q.value == 24 or re.match(r"之?内[^，。；]{0,8}率", after)):
        return True
    if q.unit in ("岁", "年"):  # 预期寿命达到79岁, 平均受教育年限11.5年; any other is an age or a date
        return not re.search(r"(?:寿命|年限|工龄)[^，。；]{0,8}\Z", before)
    if q.unit == "部" and (after[:1] in ("委", "门") or clause[q.start : q.end].endswith("门")):  # 国家某局等17部委
        return True
    if q.unit in ("级", "届", "层") or (q.unit == "分" and re.search(r"[加扣记计]分?[^，。；]{0,4}\Z", before)):
        return True
    if q.unit in ("元", "万元") and re.search(r"补贴|津贴|奖励|资助|补助|奖补", clause):
        return True
    near = _part_before(clause, q) + re.split(r"[，、]", clause[q.start :])[0]
    if q.unit.endswith("元") and (_SUBSIDY.search(near) or _SUBSIDY.search(before[-30:]) or _FUNDS.search(near)):
        return True
    if q.unit == "%" and re.search(r"按[^，。；]{0,24}\Z", before) and _SUBSIDY.search(clause):
        return True
    return _is_threshold(q, before, after)


def _baseline_day(clause: str, q: Quantity) -> str | None:
    """The day of a baseline, where its own clause gives one: 截至2025年底, 由2024年的."""
    match = re.search(
        r"(?:截至|截止|由|从|到(?!20\d\d年[^。；]*[由从]))\s?(20\d\d)\s?年(?:(\d{1,2})月)?", clause[: q.start]
    )
    if match is None:
        return None
    return f"{match[1]}-{int(match[2]):02d}" if match[2] else match[1]


def _comparator(q: Quantity, before: str, after: str) -> Comparator:
    shared = re.search(r"分别(不少于|不低于|超过|突破|达到)[\d.]+[^，。；]{0,4}[和、及]\Z", before)
    if q.comparator == "=" and shared:  # 分别超过65%和45%
        return {"超过": ">", "突破": ">", "达到": "="}.get(shared[1], ">=")  # type: ignore[return-value]
    if (
        q.comparator == ">"
        and re.match(r"[^，。；]{0,8}(?:关键|核心|技术|难题|瓶颈)", after)
        and q.unit in ("项", "个", "类")
    ):
        return "="  # 突破40项关键技术: a breakthrough in 40, not more than 40
    apart = re.search(r"(至少|不少于|不低于|不超过|不高于|不大于)[^，。；\d]{0,8}\Z", before)
    if q.comparator == "=" and apart:  # 至少建设1个, 不低于装机容量15%
        return "<=" if apart[1] in ("不超过", "不高于", "不大于") else ">="
    if q.comparator == "=" and re.match(r"(?:之?内)", after):
        return "<="
    if q.comparator == "=" and re.search(r"不(?:超过|高于|大于)[^，]{0,6}\Z", before):
        return "<="
    if q.comparator == "=" and re.search(r"(?:突破|超过)[^，]{0,2}\Z", before):
        return ">"
    return q.comparator


def clause_end(after: str) -> bool:
    return not after or after[0] in "，。；、）"


_RATIO = re.compile(r"(?:效率|PUE[^，。；]{0,8}|系数|指数|强度|比值?)(?:控制在|达到?|降至|降到|提高到|优于|低于)?\Z")


def _counts_without_unit(before: str, after: str, q: Quantity, written: str) -> bool:
    if q.value >= 10_000 and clause_end(after):
        return True  # 移动电话用户104万
    is_ratio = bool(_RATIO.search(before))
    if is_ratio and clause_end(after) and (q.comparator != "=" or written.startswith(("达到", "到"))):
        return True  # 电能利用效率不高于1.15
    return q.after in ("以下", "以内", "左右", "以上") and bool(
        re.search(r"(?:降至|降到|降低到|控制在|达到|提高到|缩小到|优于|PUE|率|比)[^，。；]{0,6}\Z", before)
    )


def _is_date(clause: str, q: Quantity) -> bool:
    written = clause[q.start : q.end]
    return bool(re.fullmatch(r"(?:到|至|近)?\s*20\d\d", written.strip())) and clause[q.end : q.end + 1] in (
        "年",
        "—",
        "-",
        "~",
        "版",
        "",
    )


def _part_before(clause: str, q: Quantity) -> str:
    return re.split(r"，", clause[: q.start])[-1]


_SHARE_OF = re.compile(r"(?:\A|[，。；：、]|全[省市区县国]|推动|实现|力争|确保|支持|覆盖|完成|[年月]底?前?)\s*\Z")


def _is_threshold(q: Quantity, before: str, after: str) -> bool:
    """A number that says which things are meant, not how many: 营业收入10亿元以上的企业, 容量500kW以上项目, 50亿级."""
    if after.startswith("级") and q.unit.endswith(("元", "")):
        return True
    if not q.measured:
        return after.startswith("以上的") or (q.after == "以上" and after.startswith("的"))
    if re.match(r"(?:、[\d.]+[万亿]?元)*、?[\d.]*[万亿]?元?的", after) and q.unit.endswith("元"):
        return True  # 年收入超10亿元、100亿元的企业
    if q.unit in ("平方米", "平方公里", "公顷", "亩", "公里") and re.search(
        r"(?:建|建设|建成|新建|打造|规划|占地)\Z", before
    ):
        return False
    if q.unit == "%" and _SHARE_OF.search(before):
        return False  # 80%以上的企业完成改造: a share to be reached
    names_a_thing = (
        bool(after[:1]) and after[0] not in "，。；、（）”：0123456789 " and not re.match(r"[和及与]", after)
    )
    return after.startswith("的") or (q.after in ("以上", "以下", "及以上") and names_a_thing)


def _is_baseline(clause: str, q: Quantity) -> bool:
    """Whether the clause tells what is: 截至2024年底…, 现有16家, 由2024年的54.6%提高到…."""
    before, after = clause[: q.start], clause[q.end :]
    if re.search(r"(?:由|从)(?:20\d\d年的?|目前的?|原来的?|现有的?)?[^，。；]{0,12}\Z", before) and re.match(
        r"[^，。；]{0,4}(?:提高|提升|增|降|压缩|压减|缩短|扩大|减少)", after
    ):
        return True
    tells = re.search(
        r"截至|截止|现有|现已|“?十[一二三四]五”?(?:以来|规划实施以来)|20\d\d年以来|已(?:建成|建立|有|形成|覆盖|存储|实现|达|完成|累计|接入|培育|经)|(?<![由从比较])目前",
        before,
    )
    return tells is not None and not re.search(r"到20[2-9]\d年", before[tells.end() + 6 :])


def _subject(before: str, after: str) -> str | None:
    following = re.match(r"(?:以上|左右|以内)?的?([^，。；、（）：”]{2,40})", after)
    if following and not re.match(r"(?:和|及|与|以上|以内|左右|、|，|并|，|的?比例|达|提)", following[1]):
        return following[1].strip("“” ")
    part = re.split(r"[，；。]", before)[-1]
    part = re.split(r"、", part)[-1] if len(part) > 40 else part
    part = _TRAILING.sub("", _LEADING.sub("", part)).strip("“”（）：、 ")
    if len(part) >= 2:
        return part[-60:]
    previous = [p for p in re.split(r"[，；。]", before)[:-1] if len(p) > 2]
    return _TRAILING.sub("", _LEADING.sub("", previous[-1]))[-60:] or None if previous else None
