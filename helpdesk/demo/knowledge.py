"""The knowledge base of the demo: articles from files, lived with for a year.

They come through the importer, as anybody's folder would. Then they are published, checked, voted
on and used at moments of the past; a few are still being written, wait for a review or are due
for one.
"""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from helpdesk.db import db
from helpdesk.demo.story import Demo
from helpdesk.kb import services
from helpdesk.kb.asked import count_search
from helpdesk.kb.models import Article, Kind, State, Tie, Use
from helpdesk.kb.queries.choosing import chosen
from helpdesk.kb.services import importing
from helpdesk.kb.services.workflow import is_due
from helpdesk.lib import bigrams, clock
from helpdesk.people.access import BUILT_IN_ROLES, SYSTEM, Actor
from helpdesk.tickets.lifecycle import StatusClass
from helpdesk.tickets.models import Entry, Ticket

FOLDER = Path(__file__).parent / "articles"
BEGUN = 420
"""Days ago the first articles were written down."""
TIES = 3
"""Tickets that an article is said to have to do with, at most."""

_QUEUES = (
    (1, {"network", "vpn", "wi-fi", "wifi", "internet", "remote"}),
    (2, {"desktop", "laptop", "printing", "printer", "hardware", "phone", "phones", "windows"}),
    (3, {"accounts", "account", "access", "password", "mfa", "security", "sign-in"}),
    (4, {"erp", "oracle", "finance", "payroll", "warehouse"}),
)
"""Which queue's technicians know about what."""

_SAID = (
    ("outdated", "The menu looks different since the last update."),
    ("steps", "Step 3 is not there on my laptop."),
    ("unclear", "I did not know which of the two I have."),
    ("other", ""),
)
_IN_VAIN = (
    ("docusign", "en", 14, 3, 1),
    ("visitor parking", "en", 9, 9, 4),
    ("power bi gateway", "en", 6, 1, 0),
    ("expense receipt", "en", 5, 5, 2),
    ("电子签名", "zh_Hans_CN", 7, 4, 2),
    ("訪客停車", "zh_Hant_TW", 3, 2, 1),
    ("vpn", "en", 41, 0, 0),
    ("printer", "en", 33, 0, 0),
)
"""Searched for, in which language, how often, how often in vain, and days since the last time."""
_FLAGS = (
    "The address in it is the old one; the portal moved in spring.",
    "This is wrong for people in Taipei: they sign in through another page.",
)


def live_knowledge(demo: Demo) -> int:
    """Take the articles in and live with them; returns how many there are, none without files."""
    if not FOLDER.is_dir():
        return 0
    with clock.at(demo.moment - timedelta(days=BEGUN)):
        importing.run(SYSTEM, importing.of_path(FOLDER), drafts=True)
    articles = list(
        db.session.scalars(
            select(Article).options(selectinload(Article.texts)).order_by(Article.id)
        )
    )
    solved = _solved_tickets()
    for at, article in enumerate(articles):
        owner = demo.actors[_keeper(demo, article)]
        _write(demo, article, owner, at)
        if article.state == State.PUBLISHED:
            _use(demo, article, at)
            _tie(demo, article, owner, solved)
    _searched(demo)
    _unfinished(demo, [one for one in articles if one.state == State.PUBLISHED])
    db.session.flush()
    return db.session.scalar(select(func.count()).select_from(Article)) or 0


def _keeper(demo: Demo, article: Article) -> str:
    said = {article.category.path.casefold()} if article.category is not None else set()
    said |= {row.tag for row in article.tags}
    words = {word for one in said for word in one.replace("›", " ").split()}
    for queue, about in _QUEUES:
        if words & about:
            return demo.on_queue(queue)
    return demo.on_queue(0)


def _write(demo: Demo, article: Article, owner: Actor, at: int) -> None:
    """Give an article its owner and bring it as far as it got."""
    chief = demo.actors["karen"]
    # Every ninth is old, and nobody has looked at it since.
    forgotten = at % 9 == 4
    days = BEGUN - 20 if forgotten else demo.chance.randint(20, BEGUN - 30)
    begun = demo.moment - timedelta(days=days, hours=at % 7)
    with clock.at(begun):
        article.created_by_id = owner.person_id
        article.created_at = begun
        services.change(SYSTEM, article, _with_owner(article, owner))
    troubled = article.kind == Kind.TROUBLESHOOTING
    # Every thirteenth is not finished, every seventeenth waits for somebody to look at it.
    if at % 13 == 6 and not troubled:
        with clock.at(demo.moment - timedelta(days=1 + at % 9)):
            services.save(owner, article, article.texts[0], _added(article, "…"), said="Begun")
        return
    if at % 17 == 9 and not troubled:
        with clock.at(demo.moment - timedelta(hours=5 + at)):
            services.submit(owner, article, chief.person_id)
        return
    with clock.at(begun + timedelta(days=demo.chance.randint(1, 6))):
        services.publish(chief, article)
    # Most of what was due since was looked at.
    while not forgotten and is_due(article) and article.review_at is not None:
        late = article.review_at + timedelta(days=demo.chance.randint(0, 12))
        if late >= demo.moment or demo.chance.random() < 0.1:
            break
        with clock.at(late):
            services.still_right(owner, article)


def _with_owner(article: Article, owner: Actor | None) -> services.Details:
    stands = services.details_of(article)
    return services.Details(
        kind=stands.kind,
        audience=stands.audience,
        category_id=stands.category_id,
        tags=stands.tags,
        team_ids=stands.team_ids,
        organisation_ids=stands.organisation_ids,
        owner_id=owner.person_id if owner is not None else None,
        reviewer_id=stands.reviewer_id,
        review_months=stands.review_months,
    )


def _added(article: Article, words: str) -> services.Wording:
    text = chosen(article, article.language)
    newest = services.newest(text)
    return services.Wording(newest.title, newest.summary, f"{newest.body}\n\n{words}")


def _use(demo: Demo, article: Article, at: int) -> None:
    """Let people read it, vote on it and use it, the well-known ones more."""
    chance = demo.chance
    known = chance.choice((1, 1, 2, 3, 5))
    since = article.published_at or demo.moment
    days = min((demo.moment - since).days, 90)
    for day in range(0, days, 7):
        with clock.at(demo.moment - timedelta(days=day)):
            services.record_use(article, Use.READ, chance.randint(2, 16) * known)
            if chance.random() < 0.3 * known:
                services.record_use(article, Use.INSERTED, chance.randint(1, 2))
            if article.kind == Kind.TROUBLESHOOTING and chance.random() < 0.5:
                services.record_use(article, Use.SOLVED)
    text = chosen(article, article.language)
    readers = [*demo.customers]
    chance.shuffle(readers)
    share = chance.choice((0.95, 0.9, 0.85, 0.6))
    for person in readers[: 2 * known + at % 4]:
        reader = Actor(person.id, person.name, BUILT_IN_ROLES["customer"])
        helpful = chance.random() < share
        reason, comment = chance.choice(_SAID)
        with clock.at(_between(demo, since)):
            services.vote(
                reader,
                article,
                text,
                helpful,
                reason="" if helpful else reason,
                comment="" if helpful else comment,
            )


def _between(demo: Demo, since: datetime) -> datetime:
    return since + (demo.moment - since) * demo.chance.random()


def _solved_tickets() -> list[tuple[Ticket, set[str]]]:
    """Return tickets that came to an end, with the words of their subjects."""
    rows = db.session.scalars(
        select(Ticket)
        .where(
            Ticket.status_class.in_([StatusClass.RESOLVED.value, StatusClass.CLOSED.value]),
            Ticket.hidden_at.is_(None),
            Ticket.restricted.is_(False),
        )
        .order_by(Ticket.id.desc())
        .limit(300)
    )
    return [(row, _words(row.subject)) for row in rows]


def _words(text: str) -> set[str]:
    return {word for word in bigrams.words(text) if len(word) > 3}


def _tie(demo: Demo, article: Article, owner: Actor, solved: list[tuple[Ticket, set[str]]]) -> None:
    """Say which tickets it was used on: those that speak of the same."""
    tags = " ".join(row.tag for row in article.tags)
    about = _words(f"{chosen(article, 'en').title} {tags}")
    alike = sorted(
        ((len(about & words), ticket.id, ticket) for ticket, words in solved),
        key=lambda one: (-one[0], -one[1]),
    )
    for number, (common, _key, ticket) in enumerate(alike[: demo.chance.randint(0, TIES)]):
        if common < 2:
            break
        last = db.session.scalar(
            select(func.max(Entry.happened_at)).where(Entry.ticket_id == ticket.id)
        )
        with clock.at(max(last or ticket.updated_at, ticket.updated_at) + timedelta(seconds=5)):
            services.tie(owner, article, ticket, Tie.INSERTED if number % 2 else Tie.LINKED)


def _searched(demo: Demo) -> None:
    """Let people look for what there is and for what nobody has written yet."""
    customer = Actor(demo.customers[0].id, demo.customers[0].name, BUILT_IN_ROLES["customer"])
    for question, language, times, failed, days in _IN_VAIN:
        for turn in reversed(range(times)):
            back = timedelta(days=days + 1.3 * turn, minutes=37 * turn % 400)
            asker = customer if turn % 2 else demo.actors["priya"]
            with clock.at(demo.moment - back):
                count_search(asker, question, language, found=0 if turn < failed else 4)


def _unfinished(demo: Demo, published: list[Article]) -> None:
    """Leave a change that nobody published yet, what readers say is wrong, and one retired."""
    chief = demo.actors["karen"]
    priya = demo.actors["priya"]
    for number, article in enumerate(published[3:40:11]):
        text = chosen(article, article.language)
        with clock.at(demo.moment - timedelta(hours=3 + 20 * number)):
            wording = _added(article, "> [!NOTE]\n> Checked with the new version of the client.")
            if article.kind != Kind.TROUBLESHOOTING:
                services.save(priya, article, text, wording, said="New version of the client")
                if number % 2:
                    services.submit(priya, article, chief.person_id)
    for number, article in enumerate(published[5:30:13]):
        with clock.at(demo.moment - timedelta(days=2 + number, hours=4)):
            services.flag(priya, article, _FLAGS[number % len(_FLAGS)])
    if len(published) > 20:
        with clock.at(demo.moment - timedelta(days=30)):
            services.retire(chief, published[19], "The old client is no longer used.")
    # Whoever kept these went to another company.
    for article in published[7:40:20]:
        with clock.at(demo.moment - timedelta(days=45)):
            services.change(SYSTEM, article, _with_owner(article, None))
    _written_twice(demo, published)


def _written_twice(demo: Demo, published: list[Article]) -> None:
    """Let somebody write down what an article says already: copied out of it, under other words."""
    known = next((one for one in published if one.key == "open-a-shared-mailbox"), None)
    if known is None:
        return
    _first, *parts = services.newest(chosen(known, "en")).body.split("\n## ")
    with clock.at(demo.moment - timedelta(days=12)):
        article = services.create(
            demo.actors["priya"],
            services.NewArticle(
                services.Wording(
                    "Claims and Finance mail in Outlook",
                    "How to see the mail of your team beside your own, and answer it.",
                    "Ask your team lead first.\n\n" + "\n\n".join(f"## {one}" for one in parts[:3]),
                ),
                kind=Kind.HOW_TO,
                category_id=known.category_id,
            ),
        )
        services.publish(demo.actors["karen"], article)
