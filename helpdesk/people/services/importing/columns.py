"""What columns of imported files may be called, and what their cells may say."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

COLUMNS: dict[str, tuple[str, ...]] = {
    "name": (
        "name", "full name", "display name", "person", "customer",
        "姓名", "名字", "全名", "名称", "名稱",
    ),
    "first_name": ("first name", "given name", "forename", "firstname", "名"),
    "last_name": ("last name", "surname", "family name", "lastname", "姓"),
    "call_name": ("call name", "known as", "nickname", "preferred name", "称呼", "稱呼"),
    "email": (
        "email", "e-mail", "mail", "email address", "e-mail address", "primary email",
        "邮箱", "电子邮箱", "电子邮件", "邮件", "電郵", "電子郵件", "電郵地址", "信箱",
    ),
    "email_2": (
        "email 2", "second email", "other email", "secondary email", "email2",
        "备用邮箱", "其他電郵",
    ),
    "phone": (
        "phone", "telephone", "phone number", "tel", "work phone", "business phone", "office phone",
        "电话", "電話", "电话号码", "電話號碼", "办公电话", "辦公電話",
    ),
    "mobile": (
        "mobile", "mobile phone", "cell", "cell phone", "手机", "手機", "移动电话", "流動電話",
    ),
    "fax": ("fax", "fax number", "传真", "傳真"),
    "extension": ("extension", "ext", "ext.", "分机", "分機", "内线", "內線"),
    "organisation": (
        "organisation", "organization", "company", "firm", "department", "dept", "account",
        "公司", "单位", "單位", "部门", "部門", "组织", "組織",
    ),
    "site": ("site", "location", "office", "branch", "地点", "地點", "办公室", "辦公室"),
    "title": ("title", "job title", "position", "role title", "职位", "職位", "职务", "職務"),
    "language": ("language", "lang", "locale", "语言", "語言"),
    "time_zone": ("time zone", "timezone", "tz", "时区", "時區"),
    "vip": ("vip", "important", "重要", "贵宾", "貴賓"),
    "notes": ("notes", "note", "comment", "comments", "remarks", "备注", "備註"),
    "domains": ("domains", "domain", "mail domain", "mail domains", "email domain", "域名", "網域"),
    "sites": ("sites", "locations", "offices", "地点列表", "辦公地點"),
    "support_level": (
        "support level", "support", "contract", "service level", "sla",
        "支持级别", "服务级别", "合同", "支援級別", "服務級別", "合約",
    ),
    "support_until": (
        "last day of support", "support until", "support end", "contract end", "contract until",
        "支持截止日期", "合同到期日", "支援截止日期", "合約到期日",
    ),
    "teams": ("teams", "team", "group", "groups", "团队", "團隊", "小组", "小組"),
    "leads": ("leads", "lead of", "team lead", "leads teams", "组长", "組長"),
    "roles": ("roles", "role", "角色"),
    "skills": ("skills", "skill", "技能"),
}  # fmt: skip
"""Every name a column is known by, in the languages of the house."""

_BY_NAME = {alias: column for column, aliases in COLUMNS.items() for alias in aliases}

FOR_KIND: dict[str, frozenset[str]] = {
    "people": frozenset(
        "name first_name last_name call_name email email_2 phone mobile fax extension organisation"
        " site title language time_zone vip notes".split()
    ),
    "organisations": frozenset(
        "name domains phone time_zone support_level support_until notes sites".split()
    ),
    "technicians": frozenset(
        "name first_name last_name call_name email email_2 phone mobile extension organisation site"
        " title language time_zone teams leads roles skills".split()
    ),
}
"""The columns that each kind of file may have."""

_YES = frozenset("yes y true 1 x vip on ✓ 是 有".split())
_NO = frozenset("no n false 0 off - 否 无 無".split())

LANGUAGES = {
    "en": ("en", "english", "en-gb", "en-us", "英语", "英文", "英語"),
    "zh_Hans_CN": (
        "zh", "zh-hans", "zh-cn", "zh-sg", "chinese", "simplified chinese", "chinese (simplified)",
        "中文", "简体", "简体中文", "普通话",
    ),
    "zh_Hant_TW": (
        "zh-hant", "zh-tw", "zh-hk", "traditional chinese", "chinese (traditional)", "cantonese",
        "繁體", "繁體中文", "廣東話", "粵語",
    ),
}  # fmt: skip
_LANGUAGE = {alias: code for code, aliases in LANGUAGES.items() for alias in aliases}


def fold(name: str) -> str:
    """Return a column's name as it is compared: ``E_Mail Address`` is ``e mail address``."""
    name = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(name.replace("_", " ").replace("*", " ").strip(" :：").split())


def known(header: Iterable[str], kind: str) -> tuple[dict[str, int], list[str]]:
    """Return the place of each known column, and the names nobody knows.

    The first of two columns with the same meaning counts.
    """
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, name in enumerate(header):
        column = _BY_NAME.get(fold(name))
        if column is None or column not in FOR_KIND[kind] or column in places:
            if name:
                unknown.append(name)
        else:
            places[column] = place
    return places, unknown


def yes(cell: str) -> bool | None:
    """Return what a cell answers, None when it is empty. Raises ValueError."""
    folded = fold(cell)
    if not folded:
        return None
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    raise ValueError(cell)


def language(cell: str) -> str | None:
    """Return the language tag a cell names; what is no known name is taken for a tag."""
    folded = fold(cell).replace(" ", "-") if cell.isascii() else fold(cell)
    return _LANGUAGE.get(fold(cell)) or _LANGUAGE.get(folded) or (cell.strip() or None)


def day(cell: str) -> date:
    """Return the date a cell names: ``2027-03-31``, ``2027/3/31``, ``2027年3月31日``.

    What begins with the day or the month is not guessed at. Raises ValueError.
    """
    parts = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", cell.strip())
    if parts is None:
        raise ValueError(cell)
    year, month, number = map(int, parts.groups())
    return date(year, month, number)


def several(cell: str) -> list[str]:
    """Cut a cell into its values: they are separated by semicolons, commas or lines."""
    for mark in ("\n", "；", "，", "、", ","):
        cell = cell.replace(mark, ";")
    return list(dict.fromkeys(" ".join(part.split()) for part in cell.split(";") if part.strip()))
