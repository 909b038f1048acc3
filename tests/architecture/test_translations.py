"""Every string is there in every language, with the same placeholders."""

import re

import pytest
from babel.messages.catalog import Catalog, Message

from tools import i18n

PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[#0\- +]*\d*(?:\.\d+)?([a-zA-Z%])")
# Characters of everyday words that are written in only one of the two scripts.
ONLY_SIMPLIFIED = set("们这为说时对个关单击请发问题单号机电话邮户组织团队评论时间转开")
ONLY_TRADITIONAL = set("們這為說時對個關單擊請發問題號機電話郵戶組織團隊評論時間轉開")
ONLY_SIMPLIFIED, ONLY_TRADITIONAL = (
    ONLY_SIMPLIFIED - ONLY_TRADITIONAL,
    ONLY_TRADITIONAL - ONLY_SIMPLIFIED,
)


@pytest.fixture(scope="module")
def strings() -> Catalog:
    return i18n.extracted()


@pytest.fixture(scope="module", params=i18n.LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> Catalog:
    file = i18n.catalogue_file(request.param)
    assert file.exists(), f"run make i18n: there is no catalogue for {request.param}"
    return i18n.read(file, request.param)


def _forms(text: object) -> list[str]:
    return [str(part or "") for part in (text if isinstance(text, (tuple, list)) else [text])]


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def test_the_catalogue_has_just_the_strings_of_the_code(strings: Catalog, catalogue: Catalog):
    in_code = {(message.context, str(message.id)) for message in _messages(strings)}
    in_catalogue = {(message.context, str(message.id)) for message in _messages(catalogue)}
    missing, stale = sorted(map(str, in_code - in_catalogue)), in_catalogue - in_code
    assert not missing, f"run make i18n and translate: {missing[:20]}"
    assert not stale, f"run make i18n: {sorted(map(str, stale))[:20]}"


def test_every_string_is_translated(catalogue: Catalog):
    empty = [
        message.id
        for message in _messages(catalogue)
        if not all(_forms(message.string)) or message.fuzzy
    ]
    assert not empty, f"{len(empty)} strings of {catalogue.locale} are empty or guessed: {empty}"


def test_placeholders_are_the_same(catalogue: Catalog):
    wrong = []
    for message in _messages(catalogue):
        # The singular may leave out the number that the plural has.
        allowed = {match for form in _forms(message.id) for match in PLACEHOLDER.findall(form)}
        needed = set(PLACEHOLDER.findall(_forms(message.id)[-1]))
        for form in _forms(message.string):
            there = set(PLACEHOLDER.findall(form))
            if form and not needed <= there <= allowed:
                wrong.append((message.id, form))
    assert not wrong


def test_each_catalogue_keeps_to_its_script(catalogue: Catalog):
    foreign = ONLY_TRADITIONAL if str(catalogue.locale).startswith("zh_Hans") else ONLY_SIMPLIFIED
    wrong = [
        form
        for message in _messages(catalogue)
        for form in _forms(message.string)
        if foreign & set(form)
    ]
    assert not wrong
