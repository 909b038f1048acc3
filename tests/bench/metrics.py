"""What is measured. Each metric takes a running desk and a number of requests."""

import http.client
import random
import re
import statistics
import time
import urllib.parse
from collections.abc import Callable, Sequence
from email.message import EmailMessage

from sqlalchemy import func, select

from helpdesk.channels.email.models import MailMessage, State
from helpdesk.channels.email.watch import fetch_once
from helpdesk.db import db
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.queries.counts import REMEMBERED_FOR
from tests.bench.articles import (
    LITTLE,
    MATTERS,
    VERBS,
    kb_reindex_one,
    kb_search,
    kb_suggest,
)
from tests.bench.desk import BenchDesk, mail_server
from tests.bench.loader import FIRST, QUEUES, UNFINISHED
from tests.bench.promises import sla_due, sla_sweep, ticket_event
from tests.bench.rules import rules_dry_run, rules_event
from tests.channels.email import post
from tests.support import dovecot

Values = dict[str, float]


def _call(
    connection: http.client.HTTPConnection,
    desk: BenchDesk,
    path: str,
    form: dict[str, str] | None = None,
) -> tuple[int, str]:
    headers = {"Cookie": desk.cookie, "Accept": "text/html"}
    body = None
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Cookie"] = f"{desk.cookie}; {form.pop('cookie')}"
        body = urllib.parse.urlencode(form)
    connection.request("GET" if form is None else "POST", path, body, headers)
    response = connection.getresponse()
    return response.status, response.read().decode()


def _token(desk: BenchDesk, path: str) -> tuple[str, str]:
    """Fetch a page; return its CSRF token and the cookie that belongs to it."""
    connection = desk.connect()
    connection.request("GET", path, headers={"Cookie": desk.cookie, "Accept": "text/html"})
    response = connection.getresponse()
    page = response.read().decode()
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None, response.status
    cookies = [value.split(";")[0] for value in response.headers.get_all("Set-Cookie") or []]
    return found[1], "; ".join(cookies)


def machine() -> float:
    """Return the milliseconds of CPU that a fixed piece of work takes on this machine right now.

    Shared machines are up to twice as fast at one moment as at another; lines of different runs
    compare only after dividing by this.
    """
    started = time.process_time()
    total = 0
    for number in range(400_000):
        total += number * number % 7
    return round((time.process_time() - started) * 1000, 1)


def _measure(desk: BenchDesk, n: int, work: Callable[[int], None], warm: int = 80) -> Values:
    """Do the work ``n`` times, one after the other; return times and CPU a piece of work.

    Before that the process gets warm: templates are compiled, statements are prepared.
    """
    for number in range(warm):
        work(number)
    times: list[float] = []
    parts: list[tuple[float, float]] = []
    started = time.perf_counter()
    done = warm
    for size in _blocks(n):
        app, database = desk.app_cpu(), desk.database_cpu()
        for number in range(done, done + size):
            begun = time.perf_counter()
            work(number)
            times.append((time.perf_counter() - begun) * 1000)
        done += size
        # A process's clock ticks every 10 ms; over a block that is noise below two per cent.
        parts.append(((desk.app_cpu() - app) / size, (desk.database_cpu() - database) / size))
    elapsed = time.perf_counter() - started
    app, database = min(parts, key=sum)
    return {
        "n": n,
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        "per_s": round(n / elapsed, 1),
        "app_cpu_ms": round(app * 1000, 2),
        "db_cpu_ms": round(database * 1000, 2),
    }


def _blocks(n: int) -> list[int]:
    """Divide the work into blocks of at least 50.

    The CPU time of the cheapest is reported: whoever shares the machine only ever adds to it.
    """
    count = max(1, min(8, n // 50))
    return [n // count + (1 if block < n % count else 0) for block in range(count)]


def _get(desk: BenchDesk, n: int, path_of: Callable[[int], str]) -> Values:
    connection = desk.connect()

    def work(number: int) -> None:
        status, _page = _call(connection, desk, path_of(number))
        assert status == 200, (status, path_of(number))

    return _measure(desk, n, work)


def _open_number(desk: BenchDesk, number: int) -> int:
    return FIRST + desk.size - (number * 37) % min(UNFINISHED, desk.size // 2)


def queue_page(desk: BenchDesk, n: int) -> Values:
    """The page of one queue: 50 rows, all counts at the side."""
    return _get(desk, n, lambda number: f"/queue?queue={number % (QUEUES - 1) + 1}")


def queue_page_alone(desk: BenchDesk, n: int) -> Values:
    """The same page when nobody else looked at a queue just before, so that all is counted."""
    connection = desk.connect()

    def work(number: int) -> None:
        time.sleep(REMEMBERED_FOR + 0.1)
        status, _page = _call(connection, desk, f"/queue?queue={number % (QUEUES - 1) + 1}")
        assert status == 200

    return {**_measure(desk, min(n, 15), work, warm=2), "per_s": 0.0}


def ticket_page(desk: BenchDesk, n: int) -> Values:
    """The page of one ticket; every restricted eighth is passed over."""
    return _get(desk, n, lambda number: f"/tickets/{_visible(desk, number)}")


def _visible(desk: BenchDesk, number: int) -> int:
    found = _open_number(desk, number)
    return found if (found - FIRST) % QUEUES + 1 != QUEUES else found - 1


def log_ticket(desk: BenchDesk, n: int) -> Values:
    """Log a ticket through the form."""
    token, cookie = _token(desk, "/tickets/new")
    connection = desk.connect()

    def work(number: int) -> None:
        form = {
            "csrf_token": token,
            "cookie": cookie,
            "customer": str(100 + number),
            "subject": f"Measured matter {number}",
            "body": "The printer on the third floor prints half a label.",
            "channel": "phone",
            "queue": "1",
            "kind": "incident",
            "impact": "3",
            "urgency": "2",
        }
        status, page = _call(connection, desk, "/tickets/new", form)
        assert status in {200, 302, 303}, (status, page[:500])

    return _measure(desk, n, work)


def reply(desk: BenchDesk, n: int) -> Values:
    """Answer a ticket through the composer's form."""
    token, cookie = _token(desk, f"/tickets/{_visible(desk, 0)}")
    connection = desk.connect()

    def work(number: int) -> None:
        form = {
            "csrf_token": token,
            "cookie": cookie,
            "body": f"Please try again now, I restarted it ({number}).",
        }
        path = f"/tickets/{_visible(desk, number)}/reply"
        status, page = _call(connection, desk, path, form)
        assert status in {200, 204, 302, 303}, (status, page[:500])

    return _measure(desk, n, work)


BATCH = 200
"""Messages that are delivered and fetched together."""


def mail_in(desk: BenchDesk, n: int) -> Values:
    """Messages from a real IMAP server to tickets; times are a message's share of its batch.

    Half of them have HTML beside the text, every tenth a file, every fourth answers an earlier
    one, and half of the senders are new. The reading process alone counts as the application.
    """
    return _mail(desk, n, _letter)


def mail_in_plain(desk: BenchDesk, n: int) -> Values:
    """Plain messages of 3 KB with words of their own; else as ``mail_in``."""
    return _mail(desk, n, _plain_letter)


def _mail(desk: BenchDesk, n: int, letter: Callable[[int], EmailMessage]) -> Values:
    with mail_server() as account, desk.app.app_context():
        box = post.mailbox(account, queue=db.session.get_one(Queue, 1)).id
        here = (
            select(func.count())
            .select_from(MailMessage)
            .where(MailMessage.state == State.FILED, MailMessage.mailbox_id == box)
        )
        batches = max(4, n // BATCH)
        _fetched(account, box, [letter(-1 - number) for number in range(BATCH)])
        times, parts = [], []
        for batch in range(batches):
            messages = [letter(batch * BATCH + number) for number in range(BATCH)]
            database = desk.database_cpu()
            seconds, cpu = _fetched(account, box, messages)
            times.append(seconds * 1000 / BATCH)
            parts.append((cpu / BATCH, (desk.database_cpu() - database) / BATCH))
        done = batches * BATCH
        assert db.session.scalar(here) == done + BATCH
        db.session.remove()
    app, database = min(parts, key=sum)
    return {
        "n": done,
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 2),
        "per_s": round(1000 / statistics.mean(times), 1),
        "app_cpu_ms": round(app * 1000, 2),
        "db_cpu_ms": round(database * 1000, 2),
    }


def _fetched(
    account: dovecot.Account, mailbox_id: int, messages: list[EmailMessage]
) -> tuple[float, float]:
    """Deliver and fetch; return the seconds and the seconds of CPU that fetching took."""
    account.deliver(*messages)
    started, cpu = time.perf_counter(), time.process_time()
    fetch_once(mailbox_id)
    return time.perf_counter() - started, time.process_time() - cpu


def _letter(number: int) -> EmailMessage:
    sender = f"person{number % 500 + 100}@bench.example" if number % 2 else f"new{number}@x.example"
    headers = {"Message_ID": f"<bench{number}@x.example>"}
    if number % 4 == 3 and number > 3:
        headers["In_Reply_To"] = f"<bench{number - 2}@x.example>"
        sender = f"person{(number - 2) % 500 + 100}@bench.example"
    text = f"The scanner on floor {number % 9} sends empty pages since this morning.\n" * 12
    message = post.letter(f"Scanner {number}", text, sender=sender, **headers)
    if number % 2:
        paragraphs = "".join(f"<p>{line}</p>" for line in text.splitlines())
        message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    if number % 10 == 0:
        data = random.Random(number).randbytes(20_000)
        message.add_attachment(data, maintype="image", subtype="png", filename="scan.png")
    return message


WORDS = [*" ".join((*MATTERS, *VERBS, *LITTLE)).split()]


def _plain_letter(number: int) -> EmailMessage:
    source = random.Random(number)
    sender = f"person{number % 500 + 100}@bench.example" if number % 2 else f"new{number}@x.example"
    headers = {"Message_ID": f"<plain{number}@x.example>"}
    if number % 4 == 3 and number > 3:
        headers["In_Reply_To"] = f"<plain{number - 2}@x.example>"
        sender = f"person{(number - 2) % 500 + 100}@bench.example"
    lines: list[str] = []
    while sum(map(len, lines)) < 3000:
        lines.append(" ".join([*source.choices(WORDS, k=11), str(source.randrange(10_000))]))
    return post.letter(f"Matter {number}", "\n".join(lines) + "\n", sender=sender, **headers)


def search_number(desk: BenchDesk, n: int) -> Values:
    """Jump to a ticket by its number."""
    return _get(desk, n, lambda number: f"/jump?q={_visible(desk, number)}")


def search_word(desk: BenchDesk, n: int) -> Values:
    """Jump by words: common ones, rare ones and two together."""
    source = random.Random(7)
    asked = ["printer", "vpn+outlook", "restarted", "4711", "invoice", "zebra"]
    return _get(desk, n, lambda _number: f"/jump?q={source.choice(asked)}")


FOUND = "/queue?class=any"
"""The list of everything that contains some words, finished work too."""


def ticket_search_rare(desk: BenchDesk, n: int) -> Values:
    """Search all tickets for words of which one is rare, in one message or in several."""
    source = random.Random(7)
    asked = ("4711", "error+{k}+printer", "customer+{k}+badge", "restarted+{k}", "zebra")
    return _get(desk, n, lambda _n: f"{FOUND}&q={_word(source, asked)}")


def ticket_search_common(desk: BenchDesk, n: int) -> Values:
    """Search all tickets for words that stand in many, alone and together."""
    source = random.Random(7)
    asked = (
        "printer",
        "vpn+outlook",
        "does+not+work",
        "morning",
        "restarted+badge",
        "organisation",
    )
    return _get(desk, n, lambda _n: f"{FOUND}&q={_word(source, asked)}")


def _word(source: random.Random, asked: Sequence[str]) -> str:
    return source.choice(asked).format(k=source.randrange(1000, 9000))


def memory(desk: BenchDesk, n: int) -> Values:
    """Resident memory of the web processes after the work so far, in MB."""
    connection = desk.connect()
    for number in range(n):
        _call(connection, desk, f"/queue?queue={number % (QUEUES - 1) + 1}")
    resident = sum(process.memory_info().rss for process in desk.web)
    return {"n": n, "rss_mb": round(resident / 1024 / 1024, 1)}


METRICS: dict[str, Callable[[BenchDesk, int], Values]] = {
    "queue_page": queue_page,
    "queue_page_alone": queue_page_alone,
    "ticket_page": ticket_page,
    "log_ticket": log_ticket,
    "reply": reply,
    "mail_in": mail_in,
    "mail_in_plain": mail_in_plain,
    "search_number": search_number,
    "search_word": search_word,
    "ticket_search_rare": ticket_search_rare,
    "ticket_search_common": ticket_search_common,
    "memory": memory,
    "sla_due": sla_due,
    "sla_sweep": sla_sweep,
    "ticket_event": ticket_event,
    "rules_event": rules_event,
    "rules_dry_run": rules_dry_run,
    "kb_search": kb_search,
    "kb_suggest": kb_suggest,
    "kb_reindex_one": kb_reindex_one,
}
