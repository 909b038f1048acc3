"""Languages and times as the reader reads them.

English, 简体中文 and 繁體中文. The language is the actor's, else the cookie's, else the browser's.
Moments are stored in UTC and shown in the reader's zone; a page shows hundreds of them, so they
are written by our own small functions and gettext, not by a formatter object a row.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.support import NullTranslations
from flask import Blueprint, Flask, Response, g, has_request_context, redirect, request
from flask_babel import Babel, Domain, get_domain, get_locale, gettext, ngettext, pgettext
from markupsafe import Markup

from helpdesk.lib.clock import now

LANGUAGES = {"en": "English", "zh_Hans_CN": "简体中文", "zh_Hant_TW": "繁體中文"}
HTML_LANGUAGES = {"en": "en", "zh_Hans_CN": "zh-Hans", "zh_Hant_TW": "zh-Hant"}
COOKIE = "hearth-language"
YEAR = 31_536_000

_BROWSER = {
    "zh-hans": "zh_Hans_CN",
    "zh-cn": "zh_Hans_CN",
    "zh-sg": "zh_Hans_CN",
    "zh-hant": "zh_Hant_TW",
    "zh-tw": "zh_Hant_TW",
    "zh-hk": "zh_Hant_TW",
    "zh-mo": "zh_Hant_TW",
    "zh": "zh_Hans_CN",
    "en": "en",
}


def language_of(tag: str | None) -> str | None:
    """Return our catalogue for a language tag (``zh-HK``, ``zh_Hant_TW``), or None."""
    if not tag:
        return None
    if tag in LANGUAGES:
        return tag
    parts = tag.replace("_", "-").lower().split("-")
    for length in range(len(parts), 0, -1):
        found = _BROWSER.get("-".join(parts[:length]))
        if found is not None:
            return found
    return None


def choose_language() -> str:
    """Return the language of this request."""
    if not has_request_context():
        return "en"
    actor = g.get("actor")
    chosen = language_of(getattr(actor, "language", None))
    chosen = chosen or language_of(request.cookies.get(COOKIE))
    if chosen is None:
        for tag, _quality in request.accept_languages:
            chosen = language_of(tag)
            if chosen is not None:
                break
    return chosen or "en"


def _(message: str, **values: object) -> str:
    """Translate and fill in, by the shortest way: a page holds hundreds of times."""
    text = quick_gettext(message)
    return text % values if values else text


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Return a time zone by name; UTC when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def reader_zone() -> ZoneInfo:
    """Return the zone in which this reader lives."""
    actor = g.get("actor") if has_request_context() else None
    return zone(getattr(actor, "time_zone", None) or "UTC")


def local(moment: datetime) -> datetime:
    """Return a moment in the reader's zone."""
    return moment.astimezone(reader_zone())


def duration(seconds: float) -> str:
    """Return a length of time as people say it: ``24m``, ``1h 46m``, ``2d 3h``."""
    minutes = int(abs(seconds)) // 60
    if minutes < 60:
        return _("%(m)dm", m=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        if minutes:
            return _("%(h)dh %(m)dm", h=hours, m=minutes)
        return _("%(h)dh", h=hours)
    days, hours = divmod(hours, 24)
    if hours and days < 7:
        return _("%(d)dd %(h)dh", d=days, h=hours)
    return _("%(d)dd", d=days)


def open_time(seconds: float) -> str:
    """Return a length of open time: ``24m``, ``26h``. Never in days: of open time those differ."""
    hours, minutes = divmod(int(abs(seconds)) // 60, 60)
    if not hours:
        return _("%(m)dm", m=minutes)
    return _("%(h)dh %(m)dm", h=hours, m=minutes) if minutes else _("%(h)dh", h=hours)


def exact_duration(seconds: int) -> str:
    """Return the length of a call: ``4m 12s``."""
    minutes, rest = divmod(abs(int(seconds)), 60)
    if minutes >= 60:
        return duration(seconds)
    if not minutes:
        return _("%(s)ds", s=rest)
    return _("%(m)dm %(s)ds", m=minutes, s=rest)


def ago(moment: datetime) -> str:
    """Return a short word for how long ago: minutes and hours, then the weekday, then the date."""
    seconds = (now() - moment).total_seconds()
    if seconds < 60:
        return _("now")
    if seconds < 3600:
        return _("%(m)dm", m=int(seconds) // 60)
    if seconds < 86_400:
        return _("%(h)dh", h=int(seconds) // 3600)
    here = local(moment)
    if seconds < 6 * 86_400:
        return weekday(here.date())
    return short_date(here.date())


def N_(message: str) -> str:  # noqa: N802 (the name by which gettext's tools know it)
    """Mark a message for translation where it stands; ``_`` translates it later."""
    return message


_WEEKDAYS = (
    N_("Mon"),
    N_("Tue"),
    N_("Wed"),
    N_("Thu"),
    N_("Fri"),
    N_("Sat"),
    N_("Sun"),
)
_MONTHS = (
    N_("Jan"),
    N_("Feb"),
    N_("Mar"),
    N_("Apr"),
    N_("May"),
    N_("Jun"),
    N_("Jul"),
    N_("Aug"),
    N_("Sep"),
    N_("Oct"),
    N_("Nov"),
    N_("Dec"),
)


def weekday(day: date) -> str:
    """Return the short name of a day of the week."""
    return _(_WEEKDAYS[day.weekday()])


def short_date(day: date) -> str:
    """Return a date without its year while it is this year's: ``2 Jun``, ``2 Jun 2025``."""
    return _short_date(day, _today())


def _short_date(day: date, today: date) -> str:
    month = _(_MONTHS[day.month - 1])
    if day.year == today.year:
        return _("%(day)d %(month)s", day=day.day, month=month)
    return _("%(day)d %(month)s %(year)d", day=day.day, month=month, year=day.year)


def _today() -> date:
    return local(now()).date()


def clock_time(moment: datetime) -> str:
    """Return the time of day, 24 hours: ``09:12``."""
    return _clock(local(moment))


def _clock(here: datetime) -> str:
    return f"{here.hour:02}:{here.minute:02}"


def day(moment: datetime | date) -> str:
    """Return the day a moment falls on: ``Today``, ``Yesterday``, ``Tue 17 Jun``."""
    return _day(local(moment).date() if isinstance(moment, datetime) else moment, _today())


def _day(here: date, today: date) -> str:
    if here == today:
        return _("Today")
    if here == today - timedelta(days=1):
        return _("Yesterday")
    return _("%(weekday)s %(date)s", weekday=weekday(here), date=_short_date(here, today))


def moment(value: datetime) -> str:
    """Return day and time: ``Today 09:12``, ``Tue 2 Jun 14:30``."""
    here = local(value)
    return _("%(day)s %(time)s", day=_day(here.date(), _today()), time=_clock(here))


def deadline(value: datetime) -> str:
    """Return when something is due, as short as can be: ``15:12``, ``Mon 09:30``, ``2 Jun 14:30``.

    Today's has no day, the days around it are named; nobody plans by a date six days away.
    """
    here, today = local(value), _today()
    time = _clock(here)
    if here.date() == today:
        return time
    near = abs((here.date() - today).days) < 6
    named = weekday(here.date()) if near else _short_date(here.date(), today)
    return _("%(day)s %(time)s", day=named, time=time)


_STYLES = {"ago": ago, "clock": clock_time, "day": day}


def time_tag(value: datetime, style: str = "ago") -> Markup:
    """Return a ``<time>`` that the browser keeps up to date; the full moment is its title."""
    full = moment(value)
    shown = full if style == "moment" else _STYLES[style](value)
    stamp = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # Numbers and words of our catalogues: there is nothing in them to escape.
    return Markup(  # noqa: S704
        f'<time datetime="{stamp}" data-time="{style}" title="{full}">{shown}</time>'
    )


def file_size(size: int) -> str:
    """Return a size as people say it: ``184 KB``."""
    if size < 1024:
        return str(ngettext("%(num)d byte", "%(num)d bytes", size))
    if size < 1024 * 1024:
        return _("%(n)d KB", n=round(size / 1024))
    return _("%(n).1f MB", n=size / 1024 / 1024)


bp = Blueprint("i18n", __name__)


@bp.get("/language/<language>")
def choose(language: str) -> Response:
    """Remember the language of a reader who is not signed in, and go back to where they were."""
    back = request.args.get("back", "/")
    # Only a path of our own: "//host" and "/\\host" lead browsers elsewhere.
    if not back.startswith("/") or back.startswith(("//", "/\\")) or not back.isprintable():
        back = "/"
    response = redirect(back, 303)
    if language in LANGUAGES:
        response.set_cookie(
            COOKIE, language, max_age=YEAR, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return response  # type: ignore[return-value]


choose.__hearth_access__ = "public"  # type: ignore[attr-defined]


def html_language() -> str:
    """Return the ``lang`` attribute of the page."""
    return HTML_LANGUAGES.get(str(get_locale()), "en")


class QuickDomain(Domain):  # type: ignore[misc]
    """The catalogues, remembered on the locale of the request.

    Flask-Babel writes the locale out as text for every string, to look its catalogue up by; a
    page of a queue has hundreds of strings, and this alone was a fifth of its cost.
    """

    def get_translations(self) -> NullTranslations:
        """Return the catalogue of the present locale."""
        locale = get_locale()
        found = getattr(locale, "hearth_catalogue", None)
        if found is None:
            found = super().get_translations()
            if locale is not None:
                locale.hearth_catalogue = found
        catalogue: NullTranslations = found
        return catalogue


def quick_gettext(text: str) -> str:
    """Translate for a template, by the shortest way once the request's catalogue is known."""
    try:
        return str(g._flask_babel.babel_locale.hearth_catalogue.gettext(text))
    except AttributeError:
        return str(gettext(text))


def quick_ngettext(one: str, many: str, number: int) -> str:
    """Translate what depends on a number; the template fills the placeholders."""
    return str(get_domain().get_translations().ngettext(one, many, number))


def init_app(app: Flask) -> None:
    """Set languages up and give the templates their filters."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "web/translations")
    Babel(app, locale_selector=choose_language)
    app.extensions["babel"].instance.domain_instance = QuickDomain(
        app.extensions["babel"].translation_directories, "messages"
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        quick_gettext, quick_ngettext, newstyle=True, pgettext=pgettext
    )
    app.jinja_env.filters.update(
        ago=ago,
        duration=duration,
        open_time=open_time,
        exact_duration=exact_duration,
        clock_time=clock_time,
        day=day,
        moment=moment,
        deadline=deadline,
        time_tag=time_tag,
        short_date=short_date,
        file_size=file_size,
        local=local,
    )
    app.jinja_env.globals.update(
        html_language=html_language, languages=LANGUAGES, html_languages=HTML_LANGUAGES
    )
