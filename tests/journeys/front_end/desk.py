"""A small desk that serves one page with everything the scripts offer, and remembers what came.

It has the real scripts, stylesheet, words and Content-Security-Policy, but no database: what is
tested is the front end, and a test can let the server fail as it likes.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, render_template_string, request
from flask_babel import Babel
from playwright.sync_api import Page, expect
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from helpdesk.web import assets, security
from helpdesk.web.strings import js_strings

PAGE = """
<!doctype html>
<html lang="en" data-theme="light" data-keys="{{ keys }}" data-zone="Asia/Hong_Kong" data-person="7"
 data-icons="{{ static_url('vendor/icons.svg') }}" data-theme-url="/theme">
<head><meta charset="utf-8"><meta name="csrf-token" content="token-7"><title>Front end</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
{% for name in styles %}
<link rel="stylesheet" href="{{ static_url('css/' ~ name ~ '.css') }}">
{% endfor %}
<script src="{{ static_url('js/early.js') }}" nonce="none"></script>
<script src="{{ static_url('vendor/htmx.min.js') }}" nonce="none" defer></script>
<script src="{{ static_url('vendor/idiomorph-ext.min.js') }}" nonce="none" defer></script>
<script type="module" src="{{ static_url('js/main.js') }}" nonce="none"></script>
<script type="application/json" id="strings" nonce="none">{{ js_strings() | tojson }}</script>
</head>
<body data-context="On #48213" hx-ext="morph">
<main id="main" tabindex="-1"><h1>Front end</h1><div id="strips"></div>{{ body | safe }}</main>
<div id="toasts" role="status" aria-live="polite">{{ toasts | safe }}</div>
</body></html>
"""

QUEUE = """
<div class="row"><span class="live" data-live-state></span>
<button class="btn" type="button" data-live-pause aria-pressed="false">Pause</button>
<button class="btn" type="button" data-key="c" data-command="Log call">Log call</button>
<a class="btn" href="/people" data-key="g p">People</a>
<input class="field" type="search" data-key="/" aria-label="Search"></div>
<form id="bulk" data-bulk="tickets" hidden hx-post="/bulk" hx-swap="none">
 <span data-bulk-count></span><button class="btn" data-key="a" type="submit">Assign</button></form>
{list}
<section data-preview-pane aria-label="Preview"></section>
<button class="btn" type="button" data-key="a" data-copy="x">Assign this</button>
<button class="btn" hx-post="/act/toast" hx-swap="none" data-key="e" type="button">Resolve</button>
<button class="btn" hx-get="/act/fail" hx-target="#out" type="button">Fail</button>
<button class="btn" hx-get="/act/gone" hx-target="#out" type="button">Gone</button>
<button class="btn" hx-post="/act/save" hx-target="#out" type="button">Save</button>
<div id="out">Before</div>
"""

WRITING = """
<div role="tablist" aria-label="Kind" class="tabs">
 <button role="tab" id="t1" aria-controls="p1" aria-selected="true" data-key="r"
  data-focus="reply" type="button">Reply</button>
 <button role="tab" id="t2" aria-controls="p2" aria-selected="false" data-key="i"
  data-focus="note" type="button">Note</button></div>
<div id="p1" role="tabpanel" aria-labelledby="t1">
<form method="post" action="/send" hx-post="/send" hx-swap="none" id="composer"
 data-draft="/drafts/1/reply"
 data-upload="/uploads" data-upload-inline data-upload-max="200000">
 <input type="hidden" name="stamp" value="">
 <label for="reply">Reply</label>
 <textarea id="reply" class="field" name="body" data-mentions="/people.json"
  data-autosize>{body}</textarea>
 <input type="file" data-upload-input aria-label="Attach">
 <span data-draft-status></span>
 <button class="btn pri" data-key="mod+enter" type="submit">Send</button></form></div>
<div id="p2" role="tabpanel" aria-labelledby="t2" hidden>
 <label for="note">Note</label><textarea id="note" class="field" name="note"></textarea></div>
<form id="about" method="post" action="/send" hx-post="/about" hx-swap="morph" hx-target="this">
 <div class="combo"><label for="person">Customer</label>
  <input id="person" class="field" data-combobox data-source="/people.json" data-target="person_id">
  <input type="hidden" name="person_id"></div>
 <div class="combo"><label for="tags">Tags</label><span class="tag" data-chip="vpn">VPN</span>
  <input id="tags" class="field" data-combobox data-source="/tags.html" data-target="tag"
   data-multiple data-free></div>
 <button class="btn" type="submit">Save</button></form>
<button class="btn" type="button" data-menu="actions">More</button>
<div class="menu" id="actions" role="menu" aria-label="More" hidden>
 <button role="menuitem" type="button" data-dialog="sure">Merge</button>
 <button role="menuitem" type="button" data-theme-set="dark">Make it dark</button>
 <button role="menuitem" type="button">Mark as spam</button></div>
<dialog id="sure" aria-labelledby="sure-title"><div class="dlg-b"><h2 id="sure-title">Merge</h2>
 <form hx-post="/merge" hx-target="this" hx-swap="outerHTML"><label for="into">Into</label>
 <input class="field" id="into" name="into" autofocus>
 <div class="combo"><input class="field" data-combobox data-source="/people.json"
  data-target="told" data-min="0" aria-label="Tell"><input type="hidden" name="told"></div>
 <button class="btn" type="submit" data-key="mod+enter">Merge them</button>
 <button class="btn" type="button" data-close>Cancel</button></form></div></dialog>
<p><time datetime="2026-06-17T01:12:00Z" data-time="clock">old</time></p>
"""

PEOPLE = [
    {"value": 7, "label": "Ho Mei-Ling", "hint": "HK Central"},
    {"value": 8, "label": "何美玲", "hint": "Kwai Chung"},
    {"value": 9, "label": "Karen Chan", "hint": "Service desk"},
]


@dataclass
class Desk:
    """What the server was told, and how it shall behave."""

    url: str = ""
    rows: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    subjects: dict[int, str] = field(default_factory=dict)
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    previews: list[tuple[int, bool]] = field(default_factory=list)
    body: str = ""
    keys: str = "on"
    toasts: str = ""
    refuse_streams: bool = False
    drafts_fail: bool = False
    draft_clash: dict[str, str] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def announce(self, topic: str, kind: str = "reply", ref: str = "1") -> None:
        """Send one piece of news to whoever listens."""
        with self.news:
            number = len(self.events) + 1
            self.events.append({"id": number, "topic": topic, "kind": kind, "ref": ref})
            self.news.notify_all()

    def posted(self, path: str) -> list[dict[str, Any]]:
        """Return the forms that were posted to a path."""
        return [form for posted, form in self.posts if posted == path]

    def table(self) -> str:
        """Return the list as HTML."""
        rows = "".join(
            f'<tr id="row-{n}" data-row="{n}" data-href="/tickets/{n}" data-preview="/preview/{n}">'
            f'<td><input type="checkbox" class="ck" name="ticket" value="{n}" form="bulk" data-pick'
            f' aria-label="Select {n}"></td><td><a href="/tickets/{n}" data-row-link>'
            f"{self.subjects.get(n, f'Ticket {n}')}</a></td></tr>"
            for n in self.rows
        )
        return (
            '<table id="tickets" class="tbl q" data-list data-live="queue:3" data-list-url="/">'
            '<thead><tr><th><input type="checkbox" class="ck" data-pick-all aria-label="All"></th>'
            f"<th>Ticket</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def create(desk: Desk) -> Flask:
    """Make the application around a desk."""
    app = Flask(__name__, static_folder=None)
    Babel(app)
    app.register_blueprint(assets.bp)
    app.jinja_env.globals.update(
        static_url=assets.static_url,
        styles=(*assets.STYLES, "queue", "ticket"),
        js_strings=js_strings,
    )

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = security.POLICY.format(nonce="none")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.before_request
    def note() -> None:
        if request.method == "POST":
            assert request.headers.get("X-CSRFToken") == "token-7", "a change without a token"
            form = {
                name: values if len(values) > 1 else values[0]
                for name, values in request.form.to_dict(flat=False).items()
            }
            desk.posts.append((request.path, form))

    def page(body: str) -> str:
        toasts, desk.toasts = desk.toasts, ""
        return render_template_string(PAGE, body=body, keys=desk.keys, toasts=toasts)

    @app.get("/")
    def queue() -> str:
        return page(QUEUE.replace("{list}", desk.table()))

    @app.get("/writing")
    def writing() -> str:
        return page(WRITING.replace("{body}", desk.body))

    @app.get("/tickets/<int:number>")
    @app.get("/people")
    def other(number: int = 0) -> str:
        return page(f"<p>Here is {request.path}</p>")

    @app.get("/preview/<int:number>")
    def preview(number: int) -> str:
        desk.previews.append((number, "X-Prefetch" in request.headers))
        return (
            f'<h2>Preview {number}</h2><form data-draft="/drafts/{number}/reply">'
            f'<textarea name="body" aria-label="Quick reply"></textarea></form>'
        )

    _answers(app, desk)
    _files_and_drafts(app, desk)
    _finding(app)
    _live(app, desk)
    return app


def _answers(app: Flask, desk: Desk) -> None:
    """Register what buttons and forms talk to."""

    @app.route("/act/<what>", methods=["GET", "POST"])
    def act(what: str) -> Response:
        if what == "toast":
            said = {"toast": {"text": "48213 已解決", "undo": "/undo/g1", "seconds": 8}}
            return Response("", 204, {"HX-Trigger": json.dumps(said)})
        if what == "fail":
            return Response("<h1>Bad gateway</h1>", 502)
        if what == "gone":
            strip = '<div class="strip danger" role="alert">There is nothing here.</div>'
            return Response(strip, 404, {"HX-Retarget": "#strips", "HX-Reswap": "beforeend"})
        return Response("Saved")

    @app.post("/undo/<group>")
    def undo(group: str) -> Response:
        desk.rows = [1, 2, 3, 4, 5, 48213]
        return Response("", 204)

    @app.post("/bulk")
    @app.post("/theme")
    @app.post("/send")
    def done() -> Response:
        return Response("", 204)

    @app.post("/about")
    def about() -> Response:
        return Response(
            '<form id="about" hx-post="/about" hx-swap="morph" hx-target="this">'
            '<label for="person">Customer</label>'
            '<input id="person" class="field" aria-invalid="true"></form>',
            422,
        )

    @app.post("/merge")
    def merge() -> Response:
        if request.form.get("into"):
            return Response("", 204)
        return Response(
            '<form hx-post="/merge" hx-target="this" hx-swap="outerHTML"><label for="into">Into'
            '</label><input class="field" id="into" name="into" aria-invalid="true">'
            '<button class="btn" type="submit">Merge them</button></form>',
            422,
        )


def _files_and_drafts(app: Flask, desk: Desk) -> None:
    """Register what composers talk to."""

    @app.post("/drafts/<int:number>/<kind>")
    def draft(number: int, kind: str) -> Response | tuple[Response, int]:
        if desk.drafts_fail:
            return Response("down", 503)
        if desk.draft_clash and request.form.get("stamp") != desk.draft_clash["stamp"]:
            return jsonify(desk.draft_clash), 409
        return jsonify(stamp=f"s{len(desk.posts)}")

    @app.post("/uploads")
    def upload() -> Response | tuple[Response, int]:
        file = request.files["file"]
        data = file.read()
        if (file.filename or "").endswith(".exe"):
            return jsonify(error="Programs are not taken."), 422
        return jsonify(
            id=len(data),
            name=file.filename,
            size=len(data),
            type=file.mimetype,
            url=f"/files/{file.filename}",
        )


def _finding(app: Flask) -> None:
    """Register what fields with suggestions talk to."""

    @app.get("/people.json")
    def people() -> Response:
        q = request.args["q"].lower()
        return jsonify([person for person in PEOPLE if q in str(person["label"]).lower()])

    @app.get("/tags.html")
    def tags() -> str:
        q = request.args["q"].lower()
        found = [name for name in ("printer", "password", "vpn") if q in name]
        return "".join(f'<li role="option" data-value="{t}">{t.title()}</li>' for t in found)

    @app.get("/jump")
    def jump() -> Response:
        q = request.args["q"].lower()
        tickets = [
            {"label": f"{n} Restore a mailbox", "url": f"/tickets/{n}", "icon": "ticket"}
            for n in (48097, 48098)
        ]
        found = [item for item in tickets if q in str(item["label"]).lower()]
        return jsonify([{"title": "Go to", "items": found}] if found else [])


def _live(app: Flask, desk: Desk) -> None:
    """Register the stream of news, and the slow way to it."""

    def after() -> int:
        asked = request.headers.get("Last-Event-ID") or request.args.get("after")
        return int(asked) if asked else len(desk.events)

    @app.get("/live")
    def stream() -> Response:
        if desk.refuse_streams:
            return Response("full", 503)
        topics, position = set(request.args["topics"].split(",")), after()

        def lines() -> Iterator[str]:
            nonlocal position
            yield "retry: 200\n\n"
            while True:
                with desk.news:
                    if len(desk.events) <= position:
                        desk.news.wait(1)
                    fresh, position = desk.events[position:], len(desk.events)
                for event in fresh:
                    if event["topic"] in topics:
                        yield f"id: {event['id']}\ndata: {json.dumps(event)}\n\n"
                yield ": still here\n\n"

        return Response(lines(), mimetype="text/event-stream")

    @app.get("/live/poll")
    def poll() -> Response:
        return jsonify(events=desk.events[after() :], after=len(desk.events))


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """Say nothing: the browser hangs up on streams, and that is right."""


def serve(desk: Desk) -> BaseWSGIServer:
    """Start serving a desk on a free port of this machine; ``shutdown()`` ends it."""
    server = make_server("127.0.0.1", 0, create(desk), threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    desk.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, name="front-end-desk", daemon=True).start()
    return server


def visit(page: Page, url: str) -> Page:
    page.goto(url)
    expect(page.locator("html")).to_have_attribute("data-ready", "true")
    return page
