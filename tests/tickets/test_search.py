"""Finding tickets by number and by words, the same on both databases."""

import pytest
from sqlalchemy import text

from helpdesk.db import db, is_postgresql
from helpdesk.people.services import organisations, persons
from helpdesk.tickets import indexing, lookup, search, services
from helpdesk.tickets.models import Entry
from tests import factories

pytestmark = pytest.mark.usefixtures("session")


def found(question: str, by: object = None) -> list[int]:
    return [ticket.id for ticket in search.find(by or factories.actor(), question)]  # type: ignore[arg-type]


def test_words_of_subject_messages_and_solutions_are_found() -> None:
    ticket = factories.ticket("Drucker in Zürich", body="Es riecht nach Toner")
    other = factories.ticket("Something else")
    assert found("zürich drucker") == [ticket.id]
    assert found("TONER") == [ticket.id]
    assert found("ton") == [ticket.id], "the last word may be unfinished"
    services.note(factories.actor(), other, services.Said(body="It is the fuser"))
    assert found("fuser") == [other.id]
    assert found("toner fuser") == [], "they stand in two tickets"


def test_words_may_stand_in_several_entries_of_a_ticket() -> None:
    ticket = factories.ticket("Printer jams", body="On floor three")
    services.note(factories.actor(), ticket, services.Said(body="It is the fuser, 打印机的滚筒"))
    factories.ticket("Printer is slow")
    assert found("jams fuser") == [ticket.id]
    assert found("floor fus") == [ticket.id], "the last word may be unfinished"
    assert found("jams 打印机") == [ticket.id]
    assert found("jams 打滚") == [], "what has no space between belongs together"
    assert found("slow fuser") == []


def test_those_in_which_the_words_stand_together_come_first() -> None:
    together = factories.ticket("Printer fuser")
    apart = factories.ticket("Printer", body="hello")
    services.note(factories.actor(), apart, services.Said(body="the fuser"))
    assert found("printer fuser") == [together.id, apart.id]


def test_accents_matter_on_neither_side() -> None:
    ticket = factories.ticket("Übersee Zürich", body="café")
    assert found("ubersee zurich") == found("Zürich") == found("CAFÉ") == [ticket.id]


def test_a_ticket_is_found_by_whose_it_is() -> None:
    shop = factories.organisation("Harbour Logistics")
    customer = factories.person("Ho Mei-Ling", call_name="Mei", organisation_id=shop.id)
    mine = factories.ticket("Printer jams", customer=customer)
    factories.ticket("Printer jams")
    assert found("mei-ling printer") == found("harbour printer") == found("mei jams") == [mine.id]


def test_an_address_finds_what_its_owner_asked_for() -> None:
    customer = factories.person("Ho Mei-Ling", email="mei@customer.example")
    first, second = (factories.ticket(customer=customer) for _ in range(2))
    factories.ticket(body="Write to mei at customer.example")
    assert found(" MEI@customer.example ") == [second.id, first.id]
    assert found("nobody@customer.example") == []


def test_another_customer_is_another_name() -> None:
    before, after = factories.person("Alan Tsang"), factories.person("Ho Mei-Ling")
    ticket = factories.ticket("Printer jams", customer=before)
    services.set_customer(factories.actor(), ticket, after)
    assert found("tsang printer") == []
    assert found("mei-ling printer") == [ticket.id]


def test_a_new_name_finds_the_old_tickets_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    shop = factories.organisation("Harbour Logistics")
    person = factories.person("Ho Mei-Ling", organisation_id=shop.id)
    numbers = [factories.ticket("Printer jams", customer=person).id for _ in range(5)]
    persons.edit(factories.actor(role="administrator"), person, 1, {"name": "Ho Tsang"})
    organisations.edit(factories.actor(role="administrator"), shop, 1, {"name": "Pier Nine"})
    db.session.commit()
    indexing.index_renamed.run()
    assert found("tsang printer") == found("pier printer") == numbers[::-1]
    assert found("mei-ling") == found("harbour") == []


def test_chinese_words_are_found_without_spaces() -> None:
    ticket = factories.ticket("打印机卡纸了", body="三楼的打印机一直卡纸，請幫忙")
    assert found("打印机") == [ticket.id]
    assert found("卡纸") == [ticket.id]
    assert found("請幫") == [ticket.id]
    assert found("扫描") == []


def test_the_newest_hit_comes_first_and_each_ticket_once() -> None:
    first = factories.ticket("VPN drops", body="vpn vpn vpn")
    second = factories.ticket("VPN slow")
    assert found("vpn") == [second.id, first.id]
    services.note(factories.actor(), first, services.Said(body="the vpn again"))
    assert found("vpn") == [first.id, second.id]


def test_a_number_finds_its_ticket() -> None:
    ticket = factories.ticket()
    assert found(str(ticket.id)) == found(f"#{ticket.id}") == [ticket.id]


@pytest.mark.parametrize(
    "question", ["", "'", '" OR 1', "a' | 'b", "NEAR(", "*", ":*", "\\", "&!()"]
)
def test_odd_questions_find_nothing_and_break_nothing(question: str) -> None:
    factories.ticket()
    found(question)


def test_restricted_tickets_are_found_by_their_team_only() -> None:
    queue = factories.queue(restricted=True)
    ticket = factories.ticket("Salary dispute", queue_=queue)
    assert found("salary") == []
    assert found(str(ticket.id)) == []
    assert found("salary", factories.actor(queues=[queue])) == [ticket.id]


def test_rebuilding_finds_the_same() -> None:
    ticket = factories.ticket("Projector", body="lamp is dim")
    services.note(factories.actor(), ticket, services.Said(body="ordered bulb"))
    db.session.commit()
    db.session.execute(text("DELETE FROM ticket_fts"))
    assert found("lamp") == []
    indexing.rebuild()
    assert found("lamp") == found("bulb") == found("projector") == [ticket.id]


def test_redacted_words_are_not_found() -> None:
    ticket = factories.ticket(body="password hunter2")
    entry = db.session.get_one(Entry, ticket_entry(ticket.id))
    services.redact(factories.actor(role="administrator"), ticket, entry, "password")
    assert found("hunter2") == []


def ticket_entry(number: int) -> int:
    return int(
        db.session.execute(
            text("SELECT min(id) FROM entry WHERE ticket_id = :id"), {"id": number}
        ).scalar_one()
    )


def test_old_blocks_are_searched_after_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BLOCK_BITS", 1)
    monkeypatch.setattr(lookup, "NEWEST_BLOCKS", 2)
    old = factories.ticket("Ancient fax machine")
    for _number in range(9):
        factories.ticket("Newer matter")
    new = factories.ticket("Fax again")
    assert found("fax") == [new.id, old.id]


def test_a_quick_search_looks_far_for_rare_words_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "BLOCK_BITS", 2)
    monkeypatch.setattr(lookup, "NEWEST_BLOCKS", 1)
    monkeypatch.setattr(lookup, "QUICK_BLOCKS", 2)
    monkeypatch.setattr(lookup, "ENOUGH", 2)
    old = factories.ticket("Toner spilled on the carpet")
    for _ in range(12):
        factories.ticket("The carpet is wet")
        factories.ticket("No toner")

    def quick(question: str) -> list[int]:
        return [ticket.id for ticket in search.find(factories.actor(), question, quick=True)]

    assert quick("carpet spilled") == found("carpet spilled") == [old.id]
    assert quick("spilled") == [old.id]
    assert len(quick("carpet")) >= 2
    assert found("toner carpet") == [old.id]
    if is_postgresql():
        assert quick("toner carpet") == [], "both stand everywhere, together only long ago"


def test_beginnings_of_common_words_find_what_the_whole_words_find(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(indexing, "BLOCK_BITS", 3)
    for name in ("NEWEST_BLOCKS", "QUICK_BLOCKS"):
        monkeypatch.setattr(lookup, name, 1)
    monkeypatch.setattr(lookup, "ENOUGH", 2)
    monkeypatch.setattr(lookup, "SHORT_JOURNAL", 0)
    old = factories.ticket("Toner all over the carpets")
    apart = factories.ticket("Toner again", body="It is on a carpet now.")
    for _ in range(12):
        for subject in ("The carpet is wet", "Both carpets are wet", "No toner"):
            factories.ticket(subject)
    for question in ("toner carp", "toner carpet", "toner carpets", "over toner carp"):
        assert old.id in found(question), question
    assert found("toner carpets") == [old.id]
    assert set(found("toner carp")) == {old.id, apart.id}
    assert found("toner carpe nothing") == []
