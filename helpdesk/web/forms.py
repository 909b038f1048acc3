"""The base of all forms: CSRF, trimmed text, and errors in the reader's language."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms import SelectChoice as Choice  # type: ignore[attr-defined]


def strip(value: Any) -> Any:
    """Take white space off both ends of what was typed."""
    return value.strip() if isinstance(value, str) else value


def choices(pairs: Iterable[tuple[object, object]]) -> list[Any]:
    """Return what a select or a group of radio buttons offers, from (value, label) pairs."""
    return [Choice(value=value, label=label) for value, label in pairs]


class Form(FlaskForm):  # type: ignore[misc]
    """A form of ours. An invalid one is shown again with status 422."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Trim every line of text before it is validated."""

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            """Bind a field as WTForms does, with the trimming filter for lines of text."""
            bound = unbound_field.bind(form=form, **options)
            if isinstance(bound, StringField) and not isinstance(bound, PasswordField):
                bound.filters = (*bound.filters, strip)
            return bound

    def refuse(self, field: str | None, message: object) -> None:
        """Put a verb's refusal beside the field it is about, or above the form."""
        target = self._fields.get(field or "")
        if target is None:
            self.form_errors.append(str(message))
        else:
            target.errors = [*target.errors, str(message)]
