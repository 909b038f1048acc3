"""The public holidays of a country or a part of it, from the library ``holidays``.

What the library does that is easily overlooked, and what is done about it here:

- Its objects are dictionaries that grow when they are asked for another year. Here each year is
  asked for once, with that switched off, and kept as a plain mapping.
- In years for which it knows nothing (before a country's first year, after its last) it is
  silent: a calendar has no public holidays then. ``known_years`` says which years it knows.
  For India it prints a warning beyond the years of its table, which is of no use to anybody.
- Every name in the library passes as a country, so only codes of two capitals are let through.
- Days whose date is settled late are estimates, or missing: those of the moon in Islamic
  countries, the exchanged working days of China after the coming year. A newer release of the
  library changes them, and a due moment that was worked out before may move.
- Without a language, or with one that it does not have, names come in whatever the environment of
  the process says (``LANG``). Here it is the language asked for, else the country's own.
- Half days are a category of their own that no default contains, and come without hours. Here a
  half day is a day with hours of its own, see ``calendar.SpecialDay``.
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import holidays


class UnknownCountry(ValueError):
    """There is no such country, or it has no such part."""


@dataclass(frozen=True, slots=True)
class _Year:
    off: Mapping[date, str]
    worked: frozenset[date]


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """A country's public holidays, days off instead of them included.

    Raises UnknownCountry when the library does not know the country or the part of it.
    """

    country: str
    """ISO 3166-1 code with two letters, in capitals: ``CN``."""
    part: str | None = None
    """A subdivision as ISO 3166-2 names it, without the country: ``BY`` for Bavaria."""
    language: str | None = None
    """In which language the days are named, as the library writes it: ``en_US``, ``zh_CN``.

    The country's own when None, or when the library does not have it for this country.
    """

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z]{2}", self.country):
            raise UnknownCountry(f"a country is two capital letters, not {self.country!r}")
        try:
            holidays.country_holidays(self.country, subdiv=self.part)
        except NotImplementedError as error:
            raise UnknownCountry(f"no public holidays are known: {error}") from error

    @property
    def known_years(self) -> tuple[int, int]:
        """The first and the last year for which the library knows this country's holidays."""
        known = holidays.country_holidays(self.country, subdiv=self.part)
        return known.start_year, known.end_year

    def name(self, day: date) -> str | None:
        """Return what a holiday is called; None on any other day."""
        return _year(self.country, self.part, self.language, day.year).off.get(day)

    def is_worked_instead(self, day: date) -> bool:
        """Whether a day of a weekend is worked to make up for a day off, as in China."""
        return day in _year(self.country, self.part, self.language, day.year).worked


@lru_cache(maxsize=2048)
def _year(country: str, part: str | None, language: str | None, year: int) -> _Year:
    # A holiday at the turn of a year may give a day off in the year beside it, and the other way
    # round: three years are asked for, and the days of the middle one kept.
    kind = holidays.country_holidays(country, subdiv=part)
    named_in = language if language in kind.supported_languages else kind.default_language
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = holidays.country_holidays(
            country, subdiv=part, language=named_in, years=(year - 1, year, year + 1), expand=False
        )
    off = {day: name for day, name in found.items() if day.year == year}
    worked = frozenset(day for day in found.weekend_workdays if day.year == year)
    return _Year(MappingProxyType(off), worked - off.keys())
