"""Countries whose public holidays are known, their parts, and the holidays that come next."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays
from flask_babel import get_locale
from holidays.registry import EntityLoader

from helpdesk.sla.public_holidays import PublicHolidays, UnknownCountry

SHOWN = 8
"""Holidays that a form shows of a country."""
LOOKED_THROUGH = 800
"""Days in which they are looked for; every country has eight in two years."""

_LANGUAGES = {"en": "en_US", "zh_Hans_CN": "zh_CN", "zh_Hant_TW": "zh_TW"}
"""Our languages as the library of holidays names them."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A public holiday that comes."""

    day: date
    name: str


@cache
def _codes() -> frozenset[str]:
    codes = EntityLoader.get_country_codes(include_aliases=False)
    return frozenset(code for code in codes if len(code) == 2 and code.isupper())


def is_known(country: str) -> bool:
    """Whether there are public holidays of a country."""
    return country in _codes()


def language_named(language: str) -> str | None:
    """Return one of our languages as the library names it; None for its own choice."""
    return _LANGUAGES.get(language)


def countries() -> list[tuple[str, str]]:
    """Return codes and names of all countries, by name in the reader's language."""
    locale = get_locale()
    names = locale.territories if locale is not None else {}
    return sorted(((code, str(names.get(code, code))) for code in _codes()), key=lambda one: one[1])


@cache
def parts(country: str) -> tuple[tuple[str, str], ...]:
    """Return codes and names of a country's parts; none for a country that has none, or unknown."""
    if not is_known(country):
        return ()
    kind = holidays.country_holidays(country)
    names = type(kind).get_subdivision_aliases()
    found = []
    for code in kind.subdivisions:
        called = names.get(code) or []
        found.append((code, f"{called[0]} ({code})" if called else code))
    return tuple(sorted(found, key=lambda one: one[1]))


def coming(country: str, part: str | None, since: date) -> list[Coming]:
    """Return the next public holidays from a date on, in the reader's language where known.

    None for what is unknown.
    """
    language = language_named(str(get_locale()))
    try:
        known = PublicHolidays(country, part or None, language)
    except UnknownCountry:
        return []
    found: list[Coming] = []
    for number in range(LOOKED_THROUGH):
        day = since + timedelta(days=number)
        name = known.name(day)
        if name is not None:
            found.append(Coming(day, name))
            if len(found) == SHOWN:
                break
    return found
