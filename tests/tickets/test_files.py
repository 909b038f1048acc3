"""Files are downloaded, never opened in our origin; only what is a picture is shown as one."""

import pytest

from helpdesk import blobs
from helpdesk.db import db
from helpdesk.tickets import services
from helpdesk.tickets.services import NewFile
from tests import factories
from tests.tickets.workspace import Workspace, entries, lead, work

__all__ = ["lead", "work"]

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24
HTML = b"<html><script>alert(document.cookie)</script></html>"


def attached(work: Workspace, name: str, claimed: str, data: bytes) -> int:
    ticket = work.ticket(files=[NewFile(blobs.put(data), name, claimed, len(data))])
    return entries(ticket)[0].attachments[0].id


@pytest.mark.parametrize("claimed", ["text/html", "image/svg+xml", "application/pdf", "image/png"])
def test_a_file_is_saved_whatever_it_claims_to_be(work: Workspace, claimed: str):
    answer = work.get(f"/files/{attached(work, 'page.html', claimed, HTML)}")
    assert answer.data == HTML
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    [
        'evil".html"; filename="x.exe',
        "a\r\nSet-Cookie: x=1",
        "../../etc/passwd",
        "报价单.pdf",
        "x" * 255,
        "%00.png",
        "\u202egpj.exe",
        ";",
    ],
)
def test_no_name_of_a_file_breaks_out_of_its_header(work: Workspace, name: str):
    answer = work.get(f"/files/{attached(work, name, 'text/plain', b'x')}")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers or "x=1" not in answer.headers["Set-Cookie"]
    said = answer.headers["Content-Disposition"]
    assert said.count('"') == 2
    assert said.startswith('attachment; filename="')
    assert "\r" not in said
    assert "\n" not in said


def test_a_picture_is_shown_when_its_bytes_are_one(work: Workspace):
    kinds = {
        "image/png": PNG,
        "image/jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 20,
        "image/gif": b"GIF89a" + b"\0" * 20,
        "image/webp": b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 20,
    }
    for kind, data in kinds.items():
        answer = work.get(f"/files/{attached(work, 'a', 'text/html', data)}/picture")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == kind
        assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("data", [HTML, b"<svg onload=alert(1)>", b"", b"\x89PN", b"RIFFxxxxWAVE"])
def test_what_only_claims_to_be_a_picture_is_not_shown(work: Workspace, data: bytes):
    key = attached(work, "a.png", "image/png", data)
    assert work.get(f"/files/{key}/picture").status_code == 404


def test_a_file_of_a_restricted_ticket_is_not_there(work: Workspace):
    secret = factories.ticket(
        queue_=factories.queue("HR", restricted=True),
        files=[NewFile(blobs.put(PNG), "a.png", "image/png", len(PNG))],
    )
    key = entries(secret)[0].attachments[0].id
    assert work.get(f"/files/{key}").status_code == 404
    assert work.get(f"/files/{key}/picture").status_code == 404


def test_a_redacted_file_is_gone(lead: Workspace):
    data = PNG + b"card number"
    ticket = lead.ticket(files=[NewFile(blobs.put(data), "card.png", "image/png", len(data))])
    entry = entries(ticket)[0]
    key = entry.attachments[0].id
    path = f"/tickets/{ticket.id}/entries/{entry.id}/redact"
    assert lead.post(path, reason="A card number", sure="").status_code == 422
    assert lead.get(f"/files/{key}").status_code == 200
    assert lead.post(path, reason="A card number", sure="1").status_code == 200
    assert lead.get(f"/files/{key}").status_code == 404
    page = lead.get(f"/tickets/{ticket.id}").text
    assert "This entry was redacted." in page
    assert "card.png" not in page
    assert lead.post(path, reason="Again", sure="1").status_code == 422


def test_a_changed_subject_can_be_redacted_where_it_is_told(lead: Workspace):
    ticket = lead.ticket("Password hunter22")
    services.set_subject(lead.actor, ticket, "Can't sign in")
    db.session.commit()
    path = f"/tickets/{ticket.id}/entries/{entries(ticket)[-1].id}/redact"
    assert path in lead.get(f"/tickets/{ticket.id}").text
    assert "Former subjects of the ticket go along" in lead.get(path).text
    assert lead.post(path, reason="a password", sure="1").status_code == 200
    page = lead.get(f"/tickets/{ticket.id}").text
    assert "hunter22" not in page
    assert path not in page


def test_redacting_needs_its_permission(work: Workspace):
    ticket = work.ticket()
    path = f"/tickets/{ticket.id}/entries/{entries(ticket)[0].id}/redact"
    assert work.post(path, reason="x", sure="1").status_code == 403
