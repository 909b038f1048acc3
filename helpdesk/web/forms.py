"""The base of all forms: CSRF, trimmed text, and errors in the reader's language.

What is typed is kept whole or refused beside its field, never cut: no field has a ``maxlength``,
because a browser cuts by it what somebody pastes, without a word.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, PasswordField, StringField
from wtforms import SelectChoice as Choice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, StopValidation, ValidationError

from helpdesk.web.i18n import reader_zone


def strip(value: Any) -> Any:
    """Take white space off both ends of what was typed."""
    return value.strip() if isinstance(value, str) else value


def is_blank(text: str) -> bool:
    """Whether nobody can see anything in a text: spaces of any script, marks without width."""
    return not any(char.isprintable() and not char.isspace() for char in text)


class Needed(InputRequired):
    """Something must be there, and text that can be seen: not only spaces."""

    def __init__(self, message: Any = None) -> None:
        super().__init__(message if message is not None else _l("This is needed."))

    def __call__(self, form: Any, field: Any) -> None:
        """Stop at a field that was left empty or blank."""
        super().__call__(form, field)
        said = field.raw_data[0]
        if isinstance(said, str) and is_blank(said):
            field.errors[:] = []
            raise StopValidation(str(self.message))


def choices(pairs: Iterable[tuple[object, object]]) -> list[Any]:
    """Return what a select or a group of radio buttons offers, from (value, label) pairs."""
    return [Choice(value=value, label=label) for value, label in pairs]


EARLIEST, LATEST = 1970, 2200
"""Years that moments are typed in. Beyond them there is none in every time zone."""


NO_NULL = _l("It contains a null character. Type it again without it.")


def without_null(_form: Any, field: Any) -> None:
    """Refuse the null character, which not every database can keep and nobody can see."""
    if isinstance(field.data, str) and "\0" in field.data:
        raise StopValidation(str(NO_NULL))


class Form(FlaskForm):  # type: ignore[misc]
    """A form of ours. An invalid one is shown again with status 422."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Trim every line of text before it is validated."""

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            """Bind a field as WTForms does, with what holds for every text that is typed."""
            bound = unbound_field.bind(form=form, **options)
            if isinstance(bound, StringField):
                bound.validators = (without_null, *bound.validators)
                bound.flags.maxlength = False
                if not isinstance(bound, PasswordField):
                    bound.filters = (*bound.filters, strip)
            return bound

    def refuse(self, field: str | None, message: object) -> None:
        """Put a verb's refusal beside the field it is about, or above the form."""
        target = self._fields.get(field or "")
        if target is None:
            self.form_errors.append(str(message))
        else:
            target.errors = [*target.errors, str(message)]


class LocalMoment(DateTimeLocalField):
    """A moment typed as the reader's own time of day; ``moment`` is it in UTC."""

    def pre_validate(self, _form: Any) -> None:
        """Refuse years that nobody means, and that other time zones can't show."""
        if isinstance(self.data, datetime) and not EARLIEST <= self.data.year <= LATEST:
            message = _l(
                "Choose a year between %(first)d and %(last)d.", first=EARLIEST, last=LATEST
            )
            raise ValidationError(str(message))

    @property
    def moment(self) -> datetime | None:
        """Return what was typed as an aware UTC datetime."""
        if not isinstance(self.data, datetime):
            return None
        return self.data.replace(tzinfo=reader_zone()).astimezone(UTC)
