"""The suppliers of the demo desk, and what they said about the tickets that wait for them."""

from dataclasses import dataclass
from datetime import timedelta

from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.tickets.desk import Supplier
from helpdesk.tickets.services import SupplierWait


@dataclass(frozen=True)
class Word:
    """What a supplier said: their number of it, and when they promised it to be done."""

    supplier: str
    reference: str
    # Hours from when it was put on hold; from the moment of loading when `ahead`.
    hours: int
    ahead: bool = False


SUPPLIERS = (
    (
        *("PCCW", "lines@pccw.example", "+852 2888 1234"),
        "Contract NL-0417: lines and firewalls of Hong Kong, around the clock. Ask for tier 2.",
    ),
    (
        *("Kestrel Office Machines", "service@kestrel.example", "+852 3151 0088"),
        "Contract 77-A: printers, on site within two working days.",
    ),
)
WORDS = {
    "Firewall rule for carrier EDI, waiting on PCCW": Word("PCCW", "SR-882140", 30),
    "Label printer at bench 4 eats the labels": Word(
        "Kestrel Office Machines", "K-20931", 26, ahead=True
    ),
    # One part of it waits, while colleagues look at the access point.
    "Warehouse scanners can’t reach WMS at gate 3": Word("PCCW", "SR-882307", 3, ahead=True),
}
"""By the subject of the ticket: one promise that has passed, others that are still to come."""


def make_suppliers(demo: Demo) -> None:
    """Write down whom the desk waits for."""
    for name, email, phone, contract in SUPPLIERS:
        row = Supplier(name=name, email=email, phone=phone, contract=contract)
        db.session.add(row)
        demo.suppliers[name] = row
    db.session.flush()


def wait_for(demo: Demo, subject: str) -> SupplierWait | None:
    """Return for whom a ticket waits from now on; None where nobody is named."""
    word = WORDS.get(subject)
    if word is None:
        return None
    begins = demo.moment if word.ahead else clock.now()
    promised = (begins + timedelta(hours=word.hours)).replace(minute=0, second=0, microsecond=0)
    return SupplierWait(demo.suppliers[word.supplier], word.reference, promised)
