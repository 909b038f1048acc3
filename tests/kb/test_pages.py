"""The pages of the knowledge base: what they show, what they ask of the database, what they do."""

import io
import json
import re
import zipfile
from typing import Any

import pytest
from sqlalchemy import select

from helpdesk.db import db
from helpdesk.kb import services
from helpdesk.kb.models import Article, ArticleTicket, ArticleUse, ArticleVersion, Audience, Kind
from helpdesk.kb.services import shelves
from helpdesk.people.access import SYSTEM
from helpdesk.search import following
from tests import factories
from tests.kb.makers import article
from tests.support.queries import count_queries
from tests.tickets.desk import Desk, no_tokens, queue, text_of

__all__ = ["no_tokens", "queue"]

pytestmark = pytest.mark.usefixtures("session", "no_tokens")

PICTURE = b"\x89PNG\r\n\x1a\n" + b"x" * 40
TREE = "Ask.\n\n## Step: a\nIs it on?\n- Yes → b\n- No → c\n## Step: b\nGood.\n- solved\n"
TREE += "## Step: c\nLog it.\n- hand over\n"


COSTS = {
    "/knowledge": 9,
    "/knowledge/N": 19,
    "/knowledge/N/print": 7,
    "/knowledge/N/edit": 18,
    "/knowledge/N/versions": 8,
    "/knowledge/N/details": 11,
    "/knowledge/new": 5,
    "/knowledge/find?q=connect": 3,
    "/knowledge/several": 9,
}
"""Questions that each page asks of the database, however much there is."""


class Plain(Desk):
    """A desk whose forms are sent by the browser itself, without scripts."""

    def post(self, path: str, fields: dict[str, Any], *, htmx: bool = False) -> Any:
        return super().post(path, fields, htmx=htmx)


@pytest.fixture
def desk(client, queue) -> Desk:
    """A desk seen by a lead, who may publish."""
    return Plain(client, "lead", [queue])


def field_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def test_the_list_costs_the_same_however_many_there_are(desk: Desk):
    shelf = shelves.add(SYSTEM, "Network")
    first = article("Alpha", publish=True, category_id=shelf.id, tags=["vpn"])
    article("Hidden draft")
    desk.get("/knowledge")
    with count_queries() as few:
        page = desk.get("/knowledge")
    assert "Alpha" in page
    for number in range(45):
        article(f"Number {number}", tags=["vpn"], publish=number % 2 == 0)
    # Whether a mailbox alarms is remembered for some seconds, which may be over by now.
    desk.get("/knowledge")
    with count_queries() as many:
        page = desk.get("/knowledge")
    assert many.count == few.count <= 12, [one[:90] for one in many.statements]
    older = re.search(r'href="(/knowledge\?after=[^"]+)" rel="next"', page)
    assert older is not None
    rest = desk.get(older[1])
    ids = {*re.findall(r'id="article-(\d+)"', page), *re.findall(r'id="article-(\d+)"', rest)}
    assert len(ids) == 47
    db.session.commit()
    following.rebuild()
    for address, expected in (
        ("?q=alpha", "Alpha"),
        (f"?category={shelf.id}", "Alpha"),
        ("?state=published&kind=general&language=en", "Alpha"),
        ("?q=ALPHA+network&tag=VPN", "Alpha"),
    ):
        assert expected in desk.get(f"/knowledge{address}"), address
    assert "No article fits “zebra”." in desk.get("/knowledge?q=zebra")
    assert "Number 1<" not in desk.get(f"/knowledge?category={shelf.id}")
    assert desk.get(f"/knowledge?category={first.id + 900}")


def test_own_views(client, queue):
    desk = Plain(client, "technician", [queue])
    mine = article("Mine", by=desk.actor)
    other = article("Theirs")
    assert "Mine" in desk.get("/knowledge?view=drafts")
    assert "Theirs" not in desk.get("/knowledge?view=drafts")
    other.reviewer_id = desk.actor.person_id
    services.submit(SYSTEM, other, None)
    db.session.commit()
    assert "Theirs" in desk.get("/knowledge?view=review")
    services.publish(SYSTEM, mine)
    mine.review_at = mine.published_at
    db.session.commit()
    page = desk.get("/knowledge?view=due")
    assert "Mine" in page
    assert "Review due" in page


def test_an_article_is_read_in_few_questions(desk: Desk):
    other = article("Other", publish=True, key="other")
    row = article(
        "Connect",
        body="## One\n\n> [!TIP]\n> x\n\n[](article:other) <script>alert(1)</script>\n\n## Two\n",
        publish=True,
        tags=["vpn"],
    )
    desk.get(f"/knowledge/{row.id}")
    with count_queries() as counted:
        page = desk.get(f"/knowledge/{row.id}")
    assert counted.count <= 24, counted
    assert f'<a href="/knowledge/{other.id}"' in page
    assert "<script>alert" not in page
    assert 'href="#s-one"' in page
    assert 'class="callout tip"' in page
    paper = desk.get(f"/knowledge/{row.id}/print")
    assert "Connect" in paper
    hidden = article("Hidden", audience=Audience.TEAMS, team_ids=[factories.team().id])
    desk.get(f"/knowledge/{hidden.id}", status=404)
    assert desk.get("/knowledge/999999", status=404)


def test_writing_from_the_first_word_to_published(desk: Desk, queue):
    ticket = factories.ticket(queue_=queue)
    asked = desk.get(f"/knowledge/new?kind=how-to&title=Reset+a+token&ticket={ticket.id}")
    assert 'value="Reset a token"' in asked
    fields = {"kind": "how-to", "title": "", "language": "en", "audience": "staff"}
    assert desk.post("/knowledge/new", fields).status_code == 422
    teams = {**fields, "title": "Reset a token", "audience": "teams"}
    assert "Choose the teams it is for." in desk.post("/knowledge/new", teams).text
    made = desk.post(
        "/knowledge/new",
        {**fields, "title": "Reset a token", "ticket": str(ticket.id), "tags": "MFA, token"},
    )
    assert made.status_code == 303
    where = made.headers["Location"].removesuffix("/edit")
    editor = desk.get(f"{where}/edit")
    assert "## What people see" in editor
    assert "&gt; It does not work." in editor
    row = db.session.scalars(select(Article)).one()
    assert db.session.scalars(select(ArticleTicket.kind)).one() == "written_from"
    kept = desk.post(f"{where}/draft", {"title": "Reset", "body": "half", "base": "1", "stamp": ""})
    assert json.loads(kept.text)["stamp"]
    again = desk.get(f"{where}/edit")
    assert "half</textarea>" in again
    assert "This is what you typed and had not saved." in again
    other = desk.post(f"{where}/draft", {"body": "other window", "base": "1", "stamp": "1.2"})
    assert (other.status_code, json.loads(other.text)["body"]) == (409, "half")
    text = {"title": "Reset a token", "summary": "How", "body": "## Do it\n\n1. Now", "base": "1"}
    seen = desk.post(f"{where}/preview", {"title": "T", "body": "**x** <b>"})
    assert "<strong>x</strong> &lt;b&gt;" in seen.text
    assert desk.post(f"{where}/edit", {**text, "title": ""}).status_code == 422
    saved = desk.post(f"{where}/edit", {**text, "note": "First"})
    assert saved.status_code == 303
    # Browsers send lines that end in two characters.
    clash = desk.post(f"{where}/edit", {**text, "body": "## Do it\r\n\r\n1. Later"})
    assert clash.status_code == 409
    assert "saved version 2 meanwhile" in clash.text
    assert "<del>Now</del><ins>Later</ins>" in clash.text
    assert clash.text.count('class="ch"') == 1
    assert "1. Later</textarea>" in clash.text
    base = field_of(clash.text, "base")
    published = desk.post(
        f"{where}/edit", {**text, "body": "## Do it\n\n1. Later", "base": base, "then": "publish"}
    )
    assert published.status_code == 303
    db.session.refresh(row)
    assert (row.state, row.texts[0].published) == ("published", 3)
    versions = desk.get(f"{where}/versions")
    assert "Version 2 → 3" in versions
    assert "<del>Now</del><ins>Later</ins>" in versions
    back = desk.post(f"{where}/versions/2/restore", {})
    assert back.status_code == 303
    page = desk.get(f"{where}?change=1")
    assert "Readers don&#39;t see this version." in page or "Readers don't see" in page
    assert "Later" in text_of(desk.get(where))
    assert "Change not published" in desk.get("/knowledge")


def test_a_technician_writes_and_an_editor_decides(client, queue):
    desk = Plain(client, "technician", [queue])
    row = article("Mine", by=desk.actor)
    editor = desk.get(f"/knowledge/{row.id}/edit")
    assert "Ask for a review" in editor
    assert 'value="publish"' not in editor
    refused = desk.post(f"/knowledge/{row.id}/publish", {})
    assert refused.status_code == 403
    assert desk.post(f"/knowledge/{row.id}/submit", {"reviewer": ""}).status_code == 303
    db.session.refresh(row)
    assert row.state == "review"
    assert desk.post(f"/knowledge/{row.id}/send-back", {"reason": "x" * 501}).status_code == 422
    assert desk.post(f"/knowledge/{row.id}/send-back", {"reason": "More"}).status_code == 303
    for path in ("categories", "import", "export"):
        desk.get(f"/knowledge/{path}", status=403)
    theirs = article("Theirs", publish=True)
    assert desk.post(f"/knowledge/{theirs.id}/retire", {}).status_code == 403
    # Who reads may fix what is wrong, as a change that somebody publishes.
    desk.get(f"/knowledge/{theirs.id}/edit")
    assert desk.get(f"/knowledge/{article('Not mine').id}/edit", status=404)


def test_callouts_are_named_in_the_language_of_the_article(desk: Desk):
    body = "> [!WARNING]\n> 不要拔掉电源。"
    chinese = article("打印机", body=body, publish=True, language="zh_Hans_CN")
    german = article("Drucker", body="> [!WARNING]\n> Halt.", publish=True, language="de")
    assert ">警告<" in desk.get(f"/knowledge/{chinese.id}")
    assert ">Warning<" in desk.get(f"/knowledge/{german.id}")


def test_questions_one_at_a_time(desk: Desk):
    row = article("No network", kind=Kind.TROUBLESHOOTING, body=TREE, publish=True)
    page = desk.get(f"/knowledge/{row.id}")
    assert "Is it on?" in page
    assert "Log it." not in text_of(page)
    assert f'href="/knowledge/{row.id}?way=1"' in page
    ended = desk.get(f"/knowledge/{row.id}?way=2")
    assert "The end: hand over to a technician" in ended
    assert 'data-copy="No network\n- Is it on? No\n- Handed over: Log it."' in ended
    assert "The end: solved" in desk.get(f"/knowledge/{row.id}?way=1")
    assert "Is it on?" in desk.get(f"/knowledge/{row.id}?way=9.9.x")
    whole = desk.get(f"/knowledge/{row.id}?whole=1")
    assert "Log it." in whole
    for page in (whole, desk.get(f"/knowledge/{row.id}/print")):
        for anchor in re.findall(r'href="#(s-[^"]+)"', page):
            assert f'id="{anchor}"' in page
    assert whole.count('→ <a href="#s-step') == 2
    assert desk.post(f"/knowledge/{row.id}/read", {"end": "solved"}).status_code == 204
    rows = db.session.execute(select(ArticleUse.kind, ArticleUse.times)).all()
    assert {tuple(one) for one in rows} == {("read", 1), ("solved", 1)}
    broken = desk.post(f"/knowledge/{row.id}/preview", {"body": "## Step: a\nOn?\n- yes → b"})
    assert "Line 3: An answer of “a” leads to “b”, which there is not." in broken.text


def test_readers_say_what_they_think(desk: Desk):
    row = article("Connect", publish=True)
    where = f"/knowledge/{row.id}"
    answer = desk.post(f"{where}/vote", {"helpful": "0"}, htmx=True)
    assert "What got in the way?" in answer.text
    told = {"helpful": "0", "reason": "steps", "comment": "Step 2 is gone"}
    assert desk.post(f"{where}/vote", told).status_code == 303
    page = desk.get(where)
    assert "Step 2 is gone" in page
    assert "0% of 1 person said yes" in page
    assert desk.post(f"{where}/vote", {**told, "comment": "x" * 1001}).status_code == 422
    assert desk.post(f"{where}/flag", {"text": " "}).status_code == 422
    assert desk.post(f"{where}/flag", {"text": "Old address"}).status_code == 303
    page = desk.get(where)
    assert "Old address" in page
    found = re.search(r'action="([^"]+/flags/\d+/close)"', page)
    assert found is not None
    assert desk.post(found[1], {"answer": "Done"}).status_code == 303
    assert desk.post(f"{where}/still-right", {}).status_code == 303
    assert desk.post(f"{where}/retire", {"reason": "Old"}).status_code == 303
    assert desk.post(f"{where}/bring-back", {}).status_code == 303


def test_pictures_are_shown_to_readers_and_never_run(desk: Desk):
    row = article("Connect", publish=True)
    where = f"/knowledge/{row.id}"
    sent = desk.client.post(
        f"{where}/files", data={"file": (io.BytesIO(PICTURE), "my screen(1).png")}
    )
    said = json.loads(sent.text)
    assert said["name"] == "my-screen-1.png"
    assert said["markdown"] == "![my-screen-1](my-screen-1.png)"
    shown = desk.client.get(said["url"])
    assert shown.headers["Content-Type"] == "image/png"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    page = desk.client.post(
        f"{where}/files",
        data={"file": (io.BytesIO(b"<svg onload=alert(1)>"), "x.svg", "image/svg+xml")},
    )
    url = json.loads(page.text)["url"]
    svg = desk.client.get(url)
    assert svg.headers["Content-Type"] == "application/octet-stream"
    assert svg.headers["Content-Disposition"].startswith("attachment")
    empty = desk.client.post(f"{where}/files", data={"file": (io.BytesIO(b""), "e.txt")})
    assert empty.status_code == 422
    assert desk.client.post(f"{where}/files").status_code == 422
    shown_there = desk.post(f"{where}/preview", {"body": "![x](my-screen-1.png)"}).text
    assert f'src="{said["url"]}"' in shown_there
    assert "x.svg" in desk.get(f"{where}/files")
    assert "x.svg" in desk.get(where)
    assert desk.post(f"{where}/files/{said['id']}/remove", {}).status_code == 303
    assert "my-screen-1.png" not in desk.get(f"{where}/files")


def test_articles_beside_a_ticket(desk: Desk, queue):
    ticket, row = factories.ticket(queue_=queue), article("Connect", publish=True)
    with count_queries() as without:
        page = desk.get(f"/tickets/{ticket.id}")
    assert "Link an article" in page
    found = json.loads(desk.get("/knowledge/find?q=conn"))
    assert found[0]["value"] == row.id
    linked = desk.post(f"/tickets/{ticket.id}/articles", {"article": str(row.id)})
    assert linked.status_code == 303
    with count_queries() as beside:
        page = desk.get(f"/tickets/{ticket.id}")
    assert ">Connect</span>" in page
    assert beside.count <= without.count + 2, beside
    assert f"#{ticket.id}" in text_of(desk.get(f"/knowledge/{row.id}")) or str(
        ticket.id
    ) in desk.get(f"/knowledge/{row.id}")
    gone = desk.post(f"/tickets/{ticket.id}/articles/{row.id}/remove", {})
    assert gone.status_code == 303
    assert "put an article beside it" in text_of(desk.get(f"/tickets/{ticket.id}"))
    assert desk.post(f"/tickets/{ticket.id}/articles", {"article": "999999"}).status_code == 422
    assert (
        desk.post(f"/knowledge/{row.id}/tickets", {"ticket": f"{ticket.id} Printer"}).status_code
        == 303
    )
    other = article("Other", publish=True)
    assert desk.post(f"/knowledge/{row.id}/related", {"other": str(other.id)}).status_code == 303
    assert desk.post(f"/knowledge/{row.id}/related/{other.id}/remove", {}).status_code == 303


def test_a_reader_gets_their_language(client, queue):
    desk = Plain(client, "lead", [queue])
    row = article("Connect", publish=True)
    made = desk.post(f"/knowledge/{row.id}/translate", {"language": "zh_Hant_TW", "title": "連線"})
    assert made.headers["Location"].endswith("lang=zh_Hant_TW")
    assert (
        desk.post(
            f"/knowledge/{row.id}/translate", {"language": "zh_Hant_TW", "title": "連線"}
        ).status_code
        == 422
    )
    text = {"title": "連線", "body": "步驟", "base": "1", "then": "publish"}
    assert desk.post(f"/knowledge/{row.id}/edit?lang=zh_Hant_TW", text).status_code == 303
    chinese = {"Accept-Language": "zh-HK"}
    assert "連線" in desk.client.get(f"/knowledge/{row.id}", headers=chinese).text
    assert "步驟" not in desk.get(f"/knowledge/{row.id}")
    english = {"title": "Connect", "body": "New.", "base": "1", "then": "publish"}
    desk.post(f"/knowledge/{row.id}/edit", english)
    old = desk.client.get(f"/knowledge/{row.id}?lang=zh_Hant_TW").text
    assert "This translation is out of date." in old
    assert "new=2&amp;old=1" in old
    only = article("Only English", publish=True)
    page = desk.client.get(f"/knowledge/{only.id}", headers=chinese).text
    assert f"/knowledge/{only.id}/translate" in page
    assert len(list(db.session.scalars(select(ArticleVersion)))) == 5


def test_details_are_kept_apart_from_the_words(desk: Desk):
    row = article("Connect", publish=True)
    page = desk.get(f"/knowledge/{row.id}/details")
    seen = field_of(page, "seen").replace("&#34;", '"')
    fields = {"kind": "faq", "audience": "public", "review_months": "3", "tags": "a, b"}
    saved = desk.post(f"/knowledge/{row.id}/details", {**fields, "seen": seen, "owner": ""})
    assert saved.status_code == 303
    db.session.refresh(row)
    assert (row.kind, row.audience, row.review_months, row.owner_id) == ("faq", "public", 3, None)
    clash = desk.post(
        f"/knowledge/{row.id}/details", {**fields, "kind": "how-to", "seen": seen, "owner": ""}
    )
    assert clash.status_code == 409
    wrong = desk.post(f"/knowledge/{row.id}/details", {**fields, "audience": "customers"})
    assert wrong.status_code == 422


def test_an_editor_keeps_the_tree_and_moves_articles(client, queue):
    desk = Plain(client, "knowledge-editor", [queue])
    assert desk.post("/knowledge/categories", {"name": ""}).status_code == 422
    assert desk.post("/knowledge/categories", {"name": "Network"}).status_code == 303
    key = shelves.by_path(SYSTEM, "Network").id
    assert "Network" in desk.get(f"/knowledge/categories/{key}")
    assert desk.post(f"/knowledge/categories/{key}", {"name": "Networks"}).status_code == 303
    assert desk.post("/knowledge/categories", {"name": "Networks"}).status_code == 422
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("en/vpn.md", "---\ntitle: VPN\n---\n![x](../img/a.png)\n")
        archive.writestr("img/a.png", PICTURE)
        archive.writestr("../evil.md", "# Evil")
    data = buffer.getvalue()

    def send(then: str):
        return desk.client.post(
            "/knowledge/import",
            data={"file": (io.BytesIO(data), "all.zip"), "then": then},
            content_type="multipart/form-data",
        )

    tried = send("try")
    assert "What would happen" in tried.text
    assert db.session.scalar(select(Article.id)) is None
    done = send("import")
    assert "What was done" in done.text
    keys = set(db.session.scalars(select(Article.key)))
    assert "vpn" in keys
    assert desk.client.post("/knowledge/import", data={}).status_code == 422
    export = desk.client.get("/knowledge/export")
    assert "en/vpn.md" in zipfile.ZipFile(io.BytesIO(export.data)).namelist()
    assert desk.post(f"/knowledge/categories/{key}/remove", {}).status_code == 303


def test_what_each_page_asks(desk: Desk):
    for number in range(12):
        article(f"Other {number}", publish=True, tags=["vpn"], category_id=None)
    row = article("Connect", body="[x](article:other-1) ![y](z.png)", publish=True, tags=["vpn"])
    where = f"/knowledge/{row.id}"
    for number in range(2, 9):
        text = {"title": "Connect", "body": f"Text {number} [x](article:other-1)"}
        desk.post(f"{where}/edit", {**text, "base": str(number - 1), "then": "publish"})
        desk.post(f"{where}/flag", {"text": f"Wrong {number}"})
    for path, most in COSTS.items():
        address = path.replace("N", str(row.id))
        desk.get(address)
        with count_queries() as counted:
            desk.get(address)
        assert counted.count == most, f"{path}: {counted}"
