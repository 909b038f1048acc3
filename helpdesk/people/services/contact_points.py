"""Addresses and numbers of people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from helpdesk.db import db, is_postgresql
from helpdesk.events import publish
from helpdesk.lib.clock import now
from helpdesk.people import audit, contact_values, search, typed_text
from helpdesk.people.access import SYSTEM, Actor, Permission
from helpdesk.people.contact_values import ContactValue
from helpdesk.people.errors import Clash, Missing, Refused
from helpdesk.people.events import PersonChanged
from helpdesk.people.models import ContactKind, ContactPoint, Organisation, Person
from helpdesk.people.queries import organisation_of_address, person_by_email


class Taken(Refused):
    """The address or number identifies somebody else; ``other`` is who."""

    def __init__(self, message: object, other: Person) -> None:
        """Name the other person, so that the page can offer to open or to merge."""
        super().__init__("contact-taken", message, "value")
        self.other = other


def holder_of(kind: str, value: ContactValue) -> ContactPoint | None:
    """Return the contact point that identifies somebody by this value."""
    return db.session.scalar(
        select(ContactPoint)
        .options(joinedload(ContactPoint.person))
        .where(
            ContactPoint.kind == kind,
            ContactPoint.value == value.value,
            ContactPoint.extension == value.extension,
            ContactPoint.identifies,
            ContactPoint.retired_at.is_(None),
        )
    )


def check_free(actor: Actor, kind: str, value: ContactValue, owner: Person | None = None) -> None:
    """Raise Refused when the value identifies somebody already."""
    held = holder_of(kind, value)
    if held is None:
        return
    if owner is not None and held.person_id == owner.id:
        raise Refused("contact-twice", _l("This is already there."), "value")
    if not actor.can(Permission.PERSON_READ):
        raise Refused("contact-taken", _l("This belongs to somebody else."), "value")
    message = _l("This belongs to %(name)s.", name=held.person.name)
    raise Taken(message, held.person)


@contextmanager
def claiming(
    actor: Actor, claims: Sequence[tuple[str, ContactValue]], owner: Person | None = None
) -> Iterator[None]:
    """Write values within the block that ``check_free`` found free. Raises Refused, Taken.

    On PostgreSQL somebody else's transaction may take one of them between the look and the write;
    that is told like any other address that is taken. On SQLite a writing transaction is alone,
    and a savepoint would make it write its word index out.
    """
    if not is_postgresql():
        yield
        return
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError:
        for kind, value in claims:
            check_free(actor, kind, value, owner)
        raise


def add(
    actor: Actor,
    person: Person,
    kind: str,
    text: str,
    *,
    label: str = "",
    identifies: bool = True,
    checked: bool = True,
) -> ContactPoint:
    """Give a person another address or number. Raises Denied, Refused, Taken.

    ``identifies`` is false for what several people share (a reception's number). ``checked``
    false skips the change event and the words, for verbs that add several and do both once; they
    write within ``claiming``.
    """
    actor.demand(Permission.PERSON_EDIT)
    value = contact_values.normalise(kind, text, search.desk_region())
    if identifies:
        check_free(actor, kind, value, person)
    same_kind = [point for point in person.contact_points if point.kind == kind]
    point = ContactPoint(
        kind=ContactKind(kind),
        value=value.value,
        extension=value.extension,
        label=typed_text.line(label, 60, "label"),
        identifies=identifies,
        position=max((point.position for point in same_kind), default=-1) + 1,
    )
    if not checked:
        person.contact_points.append(point)
        return point
    with claiming(actor, [(kind, value)] if identifies else [], person):
        person.contact_points.append(point)
    _changed(actor, person, "contact-added", [None, _shown(point)])
    return point


def change(
    actor: Actor,
    point: ContactPoint,
    text: str,
    *,
    label: str,
    identifies: bool,
    seen: Mapping[str, object] | None = None,
) -> ContactPoint:
    """Correct an address or number. ``seen`` is what the form showed.

    Raises Denied, Refused, Taken, Clash.
    """
    actor.demand(Permission.PERSON_EDIT)
    if seen is not None:
        db.session.refresh(point, with_for_update=True)
    value = contact_values.normalise(point.kind, text, search.desk_region())
    label = typed_text.line(label, 60, "label")
    old, stands = _shown(point), said_of(point)
    wanted = {
        "value": value.value,
        "extension": value.extension,
        "label": label,
        "identifies": identifies,
    }
    if seen is not None and dict(seen) != stands and wanted != stands:
        raise Clash(0, {key: stands[key] for key in stands if stands[key] != wanted[key]}, None)
    is_same = (point.value, point.extension) == (value.value, value.extension)
    if identifies and not (is_same and point.identifies):
        held = holder_of(point.kind, value)
        if held is None or held.id != point.id:
            check_free(actor, point.kind, value, point.person)
    with claiming(actor, [(point.kind, value)] if identifies else [], point.person):
        if not is_same:
            point.verified_at = None
            # What came back was for the address that stood here before.
            point.undeliverable_since, point.undeliverable_why = None, ""
        point.value, point.extension = value.value, value.extension
        point.label, point.identifies = label, identifies
    if _shown(point) != old:
        _changed(actor, point.person, "contact-changed", [old, _shown(point)])
    return point


def said_of(point: ContactPoint) -> dict[str, object]:
    """Return what a form shows of an address or number."""
    names = ("value", "extension", "label", "identifies")
    return {name: getattr(point, name) for name in names}


def retire(actor: Actor, point: ContactPoint) -> None:
    """Stop using an address or number; history keeps it, and somebody else may get it."""
    actor.demand(Permission.PERSON_EDIT)
    if point.retired_at is None:
        point.retired_at = now()
        _changed(actor, point.person, "contact-removed", [_shown(point), None])


def make_first(actor: Actor, point: ContactPoint) -> None:
    """Put a contact point before the person's others of its kind: answers go there."""
    actor.demand(Permission.PERSON_EDIT)
    same_kind = [one for one in point.person.contact_points if one.kind == point.kind]
    ordered = [point, *sorted((p for p in same_kind if p is not point), key=lambda p: p.position)]
    for position, one in enumerate(ordered):
        one.position = position
    db.session.flush()
    db.session.expire(point.person, ["contact_points"])
    publish(PersonChanged(actor, point.person))


def point_of(person: Person, point_id: int) -> ContactPoint:
    """Return one of the person's contact points that is in use. Raises Missing."""
    for point in person.contact_points:
        if point.id == point_id and point.retired_at is None:
            return point
    raise Missing


def find_or_create_by_address(
    address: str,
    name: str = "",
    *,
    language: str | None = None,
    known: dict[str, Person] | None = None,
) -> tuple[Person, bool]:
    """Return who writes from an e-mail address, made on first contact, and whether they are new.

    A new person is provisional and belongs to the organisation of the address's domain. Somebody
    whose record was retired is back when they write. Two messages that arrive at the same moment
    make one person. Raises ValueError for what can't be an address.

    ``known`` is what ``people_by_email`` found for many addresses at once; who is new is added to
    it. Whoever passes it starts again without it after an IntegrityError: somebody else made one
    of the new ones since.
    """
    value = contact_values.email(address)
    person = person_by_email(value) if known is None else known.get(value)
    if person is None and known is not None:
        person = known[value] = _first_contact(value, name, language)
        return person, True
    if person is None:
        try:
            with db.session.begin_nested():
                person = _first_contact(value, name, language)
            return person, True
        except IntegrityError:
            # Somebody else's transaction made them since we looked.
            person = person_by_email(value)
            if person is None:
                raise
    if person.retired_at is not None:
        person.retired_at = None
        person.version += 1
        audit.record(SYSTEM, "person-back", person)
        publish(PersonChanged(SYSTEM, person))
    return person, False


def meet(newcomers: Iterable[tuple[str, str]], known: dict[str, Person]) -> None:
    """Make everybody who writes for the first time, together; ``known`` knows them then.

    ``newcomers`` are addresses and names as mail programs send them; what can't be an address is
    left out. For whoever passes ``known``, see ``find_or_create_by_address``.
    """
    domains: dict[str, Organisation | None] = {}
    for address, name in newcomers:
        try:
            value = contact_values.email(address)
        except ValueError:
            continue
        if value in known:
            continue
        domain = value.rpartition("@")[2]
        if domain not in domains:
            domains[domain] = organisation_of_address(value)
        known[value] = _newcomer(value, name, None, domains[domain])
    db.session.flush()


def _first_contact(value: str, name: str, language: str | None) -> Person:
    person = _newcomer(value, name, language, organisation_of_address(value))
    db.session.flush()
    return person


def _newcomer(
    value: str, name: str, language: str | None, organisation: Organisation | None
) -> Person:
    person = Person(
        name=display_name(name) or contact_values.show_email(value)[:200],
        organisation_id=organisation.id if organisation is not None else None,
        language=language,
        provisional=True,
    )
    person.contact_points.append(ContactPoint(kind=ContactKind.EMAIL, value=value))
    search.refresh(person)
    db.session.add(person)
    return person


def display_name(text: str) -> str:
    """Return a name as mail programs send it, without quotes, control characters and lengths."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split()).strip("'\" ")[:200]


def _shown(point: ContactPoint) -> str:
    shown = contact_values.show(point.kind, point.value, point.extension, "")
    marks = [point.label] if point.label else []
    marks += [] if point.identifies else ["shared"]
    return f"{shown} ({', '.join(marks)})" if marks else shown


def _changed(actor: Actor, person: Person, action: str, change: audit.Change) -> None:
    """Write down what changed, find the person by it from now on, tell the other rooms."""
    if person.provisional and not actor.is_system:
        person.provisional = False
    search.refresh(person)
    db.session.flush()
    audit.record(actor, action, person, {"contact": change})
    publish(PersonChanged(actor, person))
