"""The units responsible for a task, in every form that plans use for naming them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from haihe.packs.plans.reading.model import Role, UnitRole

# Label → role. Longer labels first, so that 配合单位 is not read as 单位.
LABELS: dict[str, Role] = {
    "牵头责任单位": "lead", "牵头负责单位": "lead", "牵头单位": "lead", "牵头部门": "lead", "总牵头单位": "lead", "主办单位": "lead", "主要牵头单位": "lead", "牵头司局": "lead",
    "主责单位": "lead", "主责部门": "lead", "主管单位": "responsible", "主要责任单位": "responsible", "责任单位": "responsible", "责任部门": "responsible", "负责单位": "responsible",
    "负责部门": "responsible", "落实单位": "responsible", "实施单位": "responsible", "承办单位": "responsible", "责任主体": "responsible", "责任司局": "responsible",
    "实施主体": "responsible", "完成单位": "responsible", "协同责任单位": "support", "配合责任单位": "support", "配合单位": "support", "配合部门": "support",
    "协同单位": "support", "协办单位": "support", "协作单位": "support", "协助单位": "support", "参与单位": "support", "参加单位": "support", "参与部门": "support",
    "支持单位": "support", "协同部门": "support", "配合司局": "support", "参加部门": "support", "牵头": "lead", "主办": "lead", "配合": "support", "协办": "support", "责任": "responsible",
    "协同": "support", "参与": "support", "参加": "support",
}  # fmt: skip
_LABEL = "|".join(sorted(LABELS, key=len, reverse=True))
_NOUN_LABEL = "|".join(sorted((label for label in LABELS if label.endswith(("单位", "部门"))), key=len, reverse=True))
LABELLED = re.compile(rf"(?:[省市区县州]级|本级)?(?:(?P<label>{_LABEL})\s*：|(?P<stated>{_NOUN_LABEL})(?:分别)?为)")
LABEL_ALONE = re.compile(rf"\s*(?P<label>{_LABEL})\s*\Z")
# Other labels that may stand between or after those of units, and end them.
OTHER_LABEL = re.compile(
    r"(?:完成时限|完成时间|时间节点|办结时限|时间要求|时限|责任人|责任领导|分管领导|分管市领导|分管区领导|联系人|时间安排|进度安排|实施期限|完成期限)\s*：(?P<what>[^；。）]*)"
)

_ETC = r"(?:等(?:有关|相关|各)?(?:部门|单位|方面)?)?"
_HOW = r"(?:按照?(?:各自)?(?:职责|职能|任务)(?:分工)?|依据职责分工|根据职责分工|分工|共同|分别|具体|联合|各自|积极|负责|结合实际|按要求|抓好|等)*"
_ROLE_WORDS: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(rf"{_ETC}{_HOW}(?:牵头|主办)(?:负责|组织实施|实施|推进|落实)?\s*\Z"), "lead"),
    (re.compile(rf"{_ETC}{_HOW}(?:参加|参与|配合|协同|协办|协助|支持)(?:落实|实施|负责)?\s*\Z"), "support"),
    (re.compile(rf"{_ETC}{_HOW}(?:负责|落实|实施|承担|组织实施|抓好落实|推进落实)\s*\Z"), "responsible"),
    (re.compile(rf"{_ETC}按照?(?:各自)?职责分工\s*\Z"), "responsible"),
)

# Endings by which a word is known as a unit of government, a public body or a firm.
_ENDINGS = (
    "人民政府|政府|办公厅|办公室|委员会|管委会|管理委员会|局|委|厅|部|办|署|院|所|馆|社|站|处|司|室|台|队|组|园|行|会|校|院校|高校|大学|学院|学校|医院|中心|公司|集团|企业|分局|支队|大队|总队|"
    "分公司|供电公司|银行|分行|支行|街道|街道办|街道办事处|镇|乡|镇街|街镇|乡镇|园区|镇街园区|开发区|高新区|经开区|新区|新城|科技谷|产业园|创新园|汽车产业园|科创园|生态城|自贸区|保税区|"
    "工商联|科协|妇联|残联|总工会|团委|文联|侨联|贸促会|红十字会|团市委|团省委|团区委|团县委|机关|网信办|金融办|政务办|数据办|政研室|督查室|专班|联盟|协会|学会|"
    "区县|县区|各县|各区|各市|市州|州市|县市|市县|区市县|乡镇街道|各地|有关部门|相关部门|各部门|各单位|有关单位|相关单位|部门|单位|税务局|海关|邮政|烟草|法院|检察院|铁塔|电信|移动|联通|广电|电网|热力|燃气|水务|机构|研究院|指挥部|领导小组|服务局|总局|兵团"
)
UNIT_END = re.compile(rf"(?:{_ENDINGS})(?:（[^（）]*）)?\Z")
_OPEN_SET = re.compile(r"^(?:各|有关|相关|省级|市级|区级|县级|州级|省直|市直|区直|县直|中央|驻|其他)")
_TRAILING = re.compile(r"(?:(?<!高)等(?:[^、，；（）]{0,8}(?:部门|单位|地方|企业|方面|机构))?)(?:按.*)?\Z")
_DATE_IN_LIST = re.compile(
    r"(?:20\d\d年)?\s*(?:\d{1,2}月)?(?:\d{1,2}日)?(?:底|末|初|中旬|上旬|下旬)?(?:之?前)?(?:完成|启动|落实|长期|持续推进|持续|长期坚持|见效)?\Z|持续(?:推进|实施)|长期(?:坚持|推进)?\Z|常态化"
)
_LEVELS = "省市区县州旗盟"
# What a list of units says about itself: 标☆的为牵头单位，下同 / 列第一位的为牵头单位.
_ASIDE = re.compile(
    r"[，。；、]?(?:其中)?，?(?:标注?|带|加|注)?(?:“?[☆★▲△●◎*#]”?号?|(?:列|排)(?:在)?(?:第一位|首位|第一|最前)|第一责任|首个责任|第一)(?:的|者)?(?:单位|部门)?(?:为|是)"
    r"(?:总?牵头|主责|主要?责任)(?:责任)?(?:单位|部门)?|[，。；、]?以?下同(?=[，。；）]|\Z)"
)
_KEPT = "\1"  # stands for 、 inside a set of places
_MARK = re.compile(r"\A[☆★▲△●◎*#]+|[☆★▲△●◎*#]+\Z")
_OWN_ROLE = re.compile(r"（(?P<role>牵头|配合|主办|协办|主责|负责)(?:责任)?(?:单位|部门)?）\Z")
_OWN_ROLES: dict[str, Role] = {"牵头": "lead", "主办": "lead", "主责": "lead", "配合": "support", "协办": "support"}
# 各市、州、县人民政府 and 各区、县级市 are one set, which the mark between lists would cut.
_LEVEL_SET = re.compile(
    r"各(?:[\u4e00-\u9fff]{0,2}(?:市|州|县|区|旗|盟|乡|镇|街道))(?:、(?:自治州|自治县|县级市|特区|林区|地区|兵团|街道|[市州县区旗盟乡镇]))+(?:人民政府|政府)?(?=[、，；。）和及]|\Z)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """Units named at (start, end) of a text; `text` is what was read there."""

    start: int
    end: int
    units: tuple[UnitRole, ...]
    text: str


def split_names(text: str) -> list[str]:
    """Split a list of units at 、，； and spaces outside of brackets; 和/及/与 only where both sides look like units."""
    text = _LEVEL_SET.sub(lambda match: match[0].replace("、", _KEPT), text)
    parts: list[str] = []
    depth, current = 0, ""
    for char in text:
        if char == "（":
            depth += 1
        elif char == "）":
            depth = max(0, depth - 1)
        if depth == 0 and char in "、，；,;/\t ":
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    names: list[str] = []
    for part in parts:
        names.extend(_split_and(part.strip(" 。.：")))
    return [name.replace(_KEPT, "、") for name in names if name]


def _split_and(part: str) -> list[str]:
    for joint in ("以及", "会同", "和", "及", "与"):
        at = part.find(joint)
        while at > 0:
            left, right = part[:at], part[at + len(joint) :]
            if (
                len(left) > 1
                and len(right) > 1
                and UNIT_END.search(left)
                and (UNIT_END.search(right) or _OPEN_SET.match(right))
                and part[:at].count("（") == part[:at].count("）")
            ):
                return [*_split_and(left), *_split_and(right)]
            at = part.find(joint, at + 1)
    return [part]


def clean_name(name: str) -> str:
    """A name without 等, stray punctuation and spaces."""
    name = re.sub(r"\s+", "", name).strip("。.；;，,、：:—-")
    name = _TRAILING.sub("", name)
    return name


def _spread_level(names: list[str]) -> list[str]:
    """区网信办、工信委 → 区网信办、区工信委: the level stands only before the first unit of a list."""
    level = "自治区" if names and names[0].startswith("自治区") else names[0][:1] if names else ""
    if len(names) < 2 or (level not in _LEVELS and len(level) == 1) or not _is_bare(names[0][len(level) :]):
        return names
    if any(name.startswith(level) for name in names[1:]):
        return names  # others carry it themselves: then a bare one is bare on purpose
    return [names[0], *(level + name if _is_bare(name) and name[:1] not in _LEVELS else name for name in names[1:])]


_BARE = re.compile(
    r"[\u4e00-\u9fff]{1,12}(?:局|委|办|厅|社|院|中心|科协|妇联|残联|总工会|工商联|医院|馆|站|校)|[\u4e00-\u9fff]{2}公司"
)


def _is_bare(name: str) -> bool:
    """A unit's name without level or place: 工信委, 财政局, 供销社; not 公安分局, 武清开发区, 各镇街, 国家电网公司."""
    return (
        bool(_BARE.fullmatch(name))
        and not re.search(r"分(?:局|中心|公司|院|校|行|站)", name)
        and not re.match(r"各|有关|相关|国家|中国|人民银行|消防|驻|中央|省|市", name)
    )


def is_unit(name: str) -> bool:
    """Whether a name looks like a unit."""
    return 2 <= len(name) <= 40 and (bool(UNIT_END.search(name)) or (bool(_OPEN_SET.match(name)) and len(name) <= 24))


def unit_list(text: str, role: Role) -> list[UnitRole]:
    text = re.sub(r"\s*([（）、，；])\s*", r"\1", text)
    names = [clean_name(re.sub(r"\A由(?=[省市区县州国各])", "", name)) for name in split_names(_ASIDE.sub("", text))]
    names = [name for name in names if name and not _DATE_IN_LIST.fullmatch(name) and name not in ("—", "-", "无", "/")]
    bare = [_OWN_ROLE.sub("", _MARK.sub("", name)) for name in names]
    roles = [_own_role(name, role) for name in names]
    return [UnitRole(name, own) for name, own in zip(_spread_level(bare), roles, strict=True)]


def _own_role(name: str, role: Role) -> Role:
    """The role that a mark or a bracket at the name itself gives: ☆市甲局, 市甲局（牵头）; otherwise that of its list."""
    said = _OWN_ROLE.search(name)
    return "lead" if _MARK.search(name) else _OWN_ROLES.get(said["role"], role) if said else role


_SPOKEN_ROLE = re.compile(r"(?:牵头|配合|负责|落实|参与|参加)(?:[，；。]|\Z)")


def labelled_units(text: str, *, first_leads: bool = False) -> list[UnitRole]:
    """Units after labels: 牵头单位：A；责任单位：B、C."""
    text = OTHER_LABEL.sub("", _ASIDE.sub("", text).replace("（）", ""))
    found: list[UnitRole] = []
    matches = list(LABELLED.finditer(text))
    for number, match in enumerate(matches):
        end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        listed = text[match.end() : end].strip(" ；;，,。")
        spoken = duty_units(listed) if _SPOKEN_ROLE.search(listed) else None
        found += spoken or unit_list(listed, LABELS[match["label"] or match["stated"]])
    if first_leads and found and all(unit.role == "responsible" for unit in found):
        found[0] = UnitRole(found[0].name, "lead")
    return _without_repeats(found)


def duty_units(text: str, *, first_leads: bool = False) -> list[UnitRole] | None:
    """Units in a bracket without label: （A牵头，B、C配合）（A、B按职责分工负责）（A、B）; None where it is an ordinary bracket."""
    text = re.sub(r"\s+", "", _spaces_between_units(OTHER_LABEL.sub("", _ASIDE.sub("", text)))).strip("。；，")
    text = re.sub(
        r"^(?:第?\d+[—~-]\d+项|以上(?:任务|工作|[一二三四五六七八九十]+个专项)?|上述(?:任务|工作)?|本(?:章|节|部分)任务)由",
        "",
        text,
    )
    chunks = [chunk for chunk in _split_depth(text, "；，") if chunk]
    found: list[UnitRole] = []
    pending: list[str] = []
    spoke_of_duty = False
    for chunk in chunks:
        if _DATE_IN_LIST.fullmatch(chunk) or re.fullmatch(r"20\d\d年.*(?:完成|前|启动|上线)", chunk):
            continue
        for pattern, role in _ROLE_WORDS:
            match = pattern.search(chunk)
            if match and match.end() > match.start():
                names = [*pending, chunk[: match.start()]]
                found += unit_list("、".join(names), role)
                pending, spoke_of_duty = [], True
                break
        else:
            pending.append(chunk)
    rest = unit_list("、".join(pending), "responsible") if pending else []
    units = _without_repeats([*found, *rest])
    known = sum(is_unit(unit.name) for unit in units)
    # Where the bracket speaks of duty, a few names of an unusual form are units too; a bare list must consist of units.
    if not units or known < len(units) * (0.6 if spoke_of_duty else 1):
        return None
    if first_leads and units and all(unit.role == "responsible" for unit in units):
        units = [UnitRole(units[0].name, "lead"), *units[1:]]
    return units


def _spaces_between_units(text: str) -> str:
    """市甲局 市乙局 → 市甲局、市乙局; a space inside a name (a broken line) is left alone."""
    parts = text.split()
    return "、".join(parts) if len(parts) > 1 and all(is_unit(part.strip("、，")) for part in parts) else text


def _split_depth(text: str, separators: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char == "（") - (char == "）")
        if depth <= 0 and char in separators:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def _without_repeats(units: list[UnitRole]) -> list[UnitRole]:
    return list(dict.fromkeys(units))


def brackets(text: str) -> list[tuple[int, int]]:
    """Outermost （…） of a normalised text; an unclosed one at the very end counts to the end."""
    found, depth, start = [], 0, 0
    for position, char in enumerate(text):
        if char == "（":
            if depth == 0:
                start = position
            depth += 1
        elif char == "）" and depth:
            depth -= 1
            if depth == 0:
                found.append((start, position + 1))
    if depth and LABELLED.search(text[start:]):
        found.append((start, len(text)))
    return found


_PLACES = re.compile(
    r"(?:街道|街道办事处|园区|开发区|[省市州县区旗乡镇])(?:、(?:街道|园区|开发区|[省市州县区旗乡镇]))*"
)  # 各乡镇（街道）


def find_units(text: str, *, first_leads: bool = False) -> list[Found]:
    """Every place of a normalised text that names responsible units, in order."""
    found: list[Found] = []
    spans = brackets(text)
    for start, end in spans:
        inside = text[start + 1 : end - 1] if text[end - 1] == "）" else text[start + 1 : end]
        if LABELLED.search(inside):
            units: list[UnitRole] | None = labelled_units(inside, first_leads=first_leads)
        else:
            units = None if _PLACES.fullmatch(inside) else duty_units(inside, first_leads=first_leads)
            if (
                units is not None
                and not _stands_at_an_end(text, start, end)
                and not re.search(r"负责|牵头|配合", inside)
            ):
                units = None
        if units:
            found.append(Found(start, end, tuple(units), text[start:end]))
    found += _spoken_of(text, [(f.start, f.end) for f in found], first_leads=first_leads)
    outside = _labelled_outside(text, [(f.start, f.end) for f in found], first_leads=first_leads)
    if outside is not None:
        found.append(outside)
    return sorted(found, key=lambda f: f.start)


def _stands_at_an_end(text: str, start: int, end: int) -> bool:
    """A bare list of units counts only at the end of a sentence or of the text, never in the middle of prose."""
    after = text[end:].strip()
    return not after or after[0] in "。；（" or (start == 0)


_DIVISION = re.compile(r"(?:部门|责任|职责|任务|工作)分工\s*：(?P<what>[^。（]+)")
_GROUP = re.compile(r"(?:以上|上述)[^，。；]{0,16}由(?P<what>[^。；]*?(?:负责|牵头|配合|参加|参与|落实))(?=[。；]|\Z)")


def _spoken_of(text: str, spans: list[tuple[int, int]], *, first_leads: bool) -> list[Found]:
    """Units in a sentence: 部门分工：A牵头，B、C配合。 / 以上四个专项由A牵头，B、C配合。"""
    found = []
    for pattern in (_DIVISION, _GROUP):
        for match in pattern.finditer(text):
            if any(a <= match.start() < b for a, b in spans):
                continue
            units = duty_units(match["what"], first_leads=first_leads)
            if units:
                found.append(Found(match.start(), match.end(), tuple(units), match[0]))
    return found


def _labelled_outside(text: str, spans: list[tuple[int, int]], *, first_leads: bool = False) -> Found | None:
    """Labels in plain text: 责任部门：A、B；完成时间：… / 牵头：A，配合：B。"""
    plain = "".join("\0" if any(a <= n < b for a, b in spans) else c for n, c in enumerate(text))
    match = next(
        (m for m in LABELLED.finditer(plain) if m.start() == 0 or plain[m.start() - 1] in " 。；，、\0\t”"), None
    )
    if match is None:
        return None
    tail = plain[match.start() :].split("\0")[0]
    end = match.start() + len(tail)
    units = [u for u in labelled_units(tail.replace("。", "；"), first_leads=first_leads) if is_unit(u.name)]
    return Found(match.start(), end, tuple(units), tail) if units else None


_DUTY_HOLDER = re.compile(
    r"[省市区县州](?!域)[\u4e00-\u9fff]{1,12}(?:局|委|办|厅|部|院|中心|社|会)(?:（[^（）]{2,12}）)?|各[\u4e00-\u9fff]{1,10}|"
    r"[\u4e00-\u9fff]{2,10}(?:开发区|管委会|园区|人民政府|分局|支队|街道|公司)"
)
_DUTY_LIST = re.compile(r"\s*(?P<names>[^：。；]{2,60})：(?=.{2,})")


def duty_list_units(text: str) -> list[UnitRole]:
    """The units that a list of duties names before a colon: 一、区甲局：负责… ; nothing where the words are no units."""
    match = _DUTY_LIST.match(text)
    if match is None:
        return []
    units = unit_list(match["names"], "responsible")
    return units if units and all(_DUTY_HOLDER.fullmatch(unit.name) for unit in units) else []


_OPENING, _CLOSING = "[（(［\\[【〔]", "[）)］\\]】〕]"


def as_written(unit: UnitRole, original: str) -> UnitRole:
    """The unit with its brackets as the document writes them; the reader compares them in one spelling."""
    if "（" not in unit.name or unit.name in original:
        return unit
    spelled = {"（": _OPENING, "）": _CLOSING}
    pattern = r"\s*".join(spelled.get(char, re.escape(char)) for char in unit.name)
    match = re.search(pattern, original)
    return UnitRole(re.sub(r"\s", "", match[0]), unit.role) if match else unit
