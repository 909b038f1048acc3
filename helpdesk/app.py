"""The application factory and the lists that say what the program consists of.

Everything that takes part is named here: blueprints (pages), handlers (reactions to events) and
jobs (background work). Nothing registers itself by being imported. Commands are named in
``helpdesk/cli.py``, so that those which need none of this do not wait for it.
"""

import logging
from collections.abc import Callable

from flask import Blueprint, Flask

import config
from helpdesk import db, events, frame, web
from helpdesk.answers import views as answer_views
from helpdesk.board import linking as board_linking
from helpdesk.board import views as board_views
from helpdesk.board.events import FixedForPerson
from helpdesk.channels.email import (
    alarms,
    carrying,
    delivered,
    ingest,
    ledger,
    outgoing,
    send,
    spam,
    watch,
)
from helpdesk.channels.email import rule_fields as mail_rule_fields
from helpdesk.channels.email import views as mail_views
from helpdesk.channels.email.secure import keys as mail_keys
from helpdesk.channels.email.secure import rule_fields as secure_rule_fields
from helpdesk.jobs import Job, Service
from helpdesk.kb import alike as kb_alike
from helpdesk.kb import asked as kb_asked
from helpdesk.kb import leaving as kb_leaving
from helpdesk.kb import searching as kb_searching
from helpdesk.kb import views as kb_views
from helpdesk.kb.events import ArticleLooked, ArticleNews
from helpdesk.kb.services import drafts as kb_drafts
from helpdesk.kb.services import workflow as kb_workflow
from helpdesk.macros import running as macro_running
from helpdesk.macros import views as macro_views
from helpdesk.notify import (
    by_mail,
    calls,
    carriers,
    customers,
    escalated,
    hints,
    notices,
    shown,
)
from helpdesk.notify import views as notice_views
from helpdesk.people import guard, passwords
from helpdesk.people import jobs as people_jobs
from helpdesk.people import views as people_views
from helpdesk.people.events import (
    OrganisationRenamed,
    PasswordResetAsked,
    PeopleMerged,
    PersonRenamed,
    SignInLinkSent,
    TechnicianDeactivated,
)
from helpdesk.plans import actions as plan_actions
from helpdesk.plans import views as plan_views
from helpdesk.rules import engine as rule_engine
from helpdesk.rules import (
    gathering,
    history,
    routing,
    setting,
    shipped_fields,
    texts,
    timers,
)
from helpdesk.rules import limits as rule_limits
from helpdesk.rules import stored as stored_rules
from helpdesk.rules import telling as rule_telling
from helpdesk.rules import views as rule_views
from helpdesk.search import following
from helpdesk.search.documents import Source
from helpdesk.setup import views as setup_views
from helpdesk.setup.views import blueprint as setup_blueprint
from helpdesk.sla import escalation, keeping, working
from helpdesk.sla import views as sla_views
from helpdesk.sla.events import PolicyRests, PromisesInDanger, StepRunsRule, SuppliersToRemind
from helpdesk.tickets import announce, audible, delivery, indexing, persons
from helpdesk.tickets import views as ticket_views
from helpdesk.tickets.events import (
    EntryRedacted,
    JournalWritten,
    LaterChanged,
    Mentioned,
    MessageWithdrawn,
    SubjectRedacted,
    TicketEvent,
    TicketLooked,
    TicketsTold,
    TimesPassed,
)
from helpdesk.tickets.queries import counts
from helpdesk.tickets.queries import teams as team_queues
from helpdesk.tickets.services import side_talks
from helpdesk.tickets.views import asking, histories, undelivered
from helpdesk.upkeep import health, later
from helpdesk.upkeep import jobs as housekeeping
from helpdesk.warning import risk, spikes
from helpdesk.warning import views as warning_views
from helpdesk.web import jumping, live, panels

# The pages about mail and those of macros stand in Set up and have its side navigation.
mail_views.bp.context_processor(setup_blueprint.side)
mail_views.signature_pages.bp.context_processor(setup_blueprint.side)
macro_views.bp.context_processor(setup_blueprint.side)

BLUEPRINTS: list[Blueprint] = [
    people_views.bp,
    ticket_views.bp,
    sla_views.bp,
    warning_views.bp,
    notice_views.bp,
    board_views.bp,
    answer_views.bp,
    kb_views.bp,
    plan_views.bp,
    macro_views.bp,
    mail_views.bp,
    mail_views.writing.bp,
    mail_views.public_files.bp,
    mail_views.signature_pages.bp,
    mail_views.keys.people_bp,
    mail_views.api.bp,
    rule_views.bp,
    setup_views.bp,
    health.bp,
]
"""Pages, in the order in which they are registered."""

HANDLERS: list[tuple[type, Callable[..., None]]] = [
    (JournalWritten, keeping.on_journal_written),
    (JournalWritten, risk.on_journal_written),
    (TicketEvent, indexing.on_ticket_event),
    (TicketEvent, texts.on_ticket_event),
    (TicketEvent, spam.on_ticket_event),
    (TicketEvent, announce.on_ticket_event),
    (TicketsTold, announce.on_tickets_told),
    (LaterChanged, announce.on_later_changed),
    (TicketEvent, counts.on_ticket_event),
    (TicketEvent, outgoing.on_ticket_event),
    (TicketEvent, notices.on_ticket_event),
    (TicketEvent, customers.on_ticket_event),
    (TicketEvent, timers.on_ticket_event),
    (TicketEvent, rule_engine.on_ticket_event),
    (Mentioned, notices.on_mentioned),
    (TicketLooked, notices.on_looked),
    (TimesPassed, notices.on_times_passed),
    (PromisesInDanger, notices.on_promises_in_danger),
    (SuppliersToRemind, outgoing.on_suppliers_to_remind),
    (PromisesInDanger, escalated.on_promises_in_danger),
    (MessageWithdrawn, outgoing.on_withdrawn),
    (MessageWithdrawn, side_talks.on_withdrawn),
    (EntryRedacted, indexing.on_redacted),
    (EntryRedacted, texts.on_redacted),
    (EntryRedacted, outgoing.on_redacted),
    (EntryRedacted, ledger.on_redacted),
    (SubjectRedacted, indexing.on_subject_redacted),
    (SubjectRedacted, ledger.on_subject_redacted),
    (PasswordResetAsked, outgoing.on_password_reset),
    (SignInLinkSent, outgoing.on_sign_in_link),
    (FixedForPerson, outgoing.on_fixed_for_person),
    (TechnicianDeactivated, persons.on_technician_deactivated),
    (TechnicianDeactivated, kb_leaving.on_technician_deactivated),
    (ArticleNews, notices.on_article_news),
    (ArticleLooked, notices.on_article_looked),
    (PeopleMerged, stored_rules.on_people_merged),
    (PeopleMerged, indexing.on_people_merged),
    (PersonRenamed, indexing.on_person_renamed),
    (OrganisationRenamed, indexing.on_organisation_renamed),
    (PolicyRests, rule_limits.on_policy_rests),
    (StepRunsRule, rule_engine.on_step_runs_rule),
]
"""Reactions to events, in the order in which they run."""

JOBS: list[Job] = [
    send.send_mail,
    customers.tell_customers,
    by_mail.mail_notices,
    calls.call_webhooks,
    calls.forget_calls,
    delivered.file_delivered_mail,
    ingest.file_forgotten_mail,
    mail_keys.warn_of_keys,
    alarms.keep_access,
    escalation.escalate,
    timers.run_due_rules,
    history.forget_runs,
    macro_running.forget_macro_runs,
    risk.judge_risks,
    spikes.watch_for_spikes,
    later.send_later_answers,
    housekeeping.wake_snoozed,
    housekeeping.ask_for_new_times,
    housekeeping.close_resolved,
    housekeeping.empty_bin,
    housekeeping.forget_drafts,
    housekeeping.remove_orphans,
    housekeeping.tidy,
    notices.forget_notices,
    indexing.index_renamed,
    kb_workflow.remind_of_reviews,
    kb_asked.forget_searches,
    kb_drafts.forget_article_drafts,
    kb_alike.compare_articles,
    people_jobs.sweep_sessions,
    Job("forget_search_changes", following.forget_changes, every=3600),
]
"""What `helpdesk worker` does every few seconds or minutes."""

CARRIERS: list[carriers.Carrier] = [carrying.CARRIER]
"""Channels that write to people, the preferred one first."""

SEARCHED: list[Source] = [kb_searching.Articles()]
"""What the search of articles finds: a source of documents for each kind."""

SERVICES: list[Service] = [
    watch.watch_mailboxes,
    Service("follow_search", following.follow_forever),
]
"""What it does all the time."""

FINDERS: list[jumping.Finder] = [kb_views.jumping.places]
"""What the palette finds besides tickets, people and lists."""

PANELS: list[tuple[str, int, panels.Renderer]] = [
    ("person", 10, histories.of_person),
    ("person-side", 20, mail_views.keys.of_person),
    ("organisation", 10, histories.of_organisation),
    ("leaving", 10, persons.held_by),
    ("leaving", 20, kb_leaving.held_by),
    ("leaving", 21, kb_views.editors.before_leaving),
    ("ticket", 5, warning_views.at_risk.of_ticket),
    ("ticket", 10, sla_views.on_ticket.of_ticket),
    ("ticket", 20, board_views.on_ticket.of_ticket),
    ("ticket-linked", 10, kb_views.on_ticket.of_ticket),
    ("ticket-aside", 10, kb_views.in_work.of_ticket),
    ("log-aside", 10, kb_views.in_work.while_logging),
    ("queue-side", 10, board_views.on_queue.in_side),
    ("queue-strip", 10, board_views.on_queue.above_list),
    ("queue-strip", 20, warning_views.spikes.above_list),
    ("queue-strip", 5, mail_views.sending.alarm),
    ("account", 10, mail_views.signature_pages.on_account),
    ("strips", 10, mail_views.alarms.in_strips),
    ("reply", 4, undelivered.in_composer),
    ("reply", 5, mail_views.alarms.in_composer),
    ("reply", 10, answer_views.in_composer),
    ("reply", 11, kb_views.in_work.in_composer),
    ("reply-tools", 10, kb_views.in_work.in_tools),
    ("reply-below", 10, mail_views.writing.in_composer),
    ("side-below", 10, mail_views.writing.in_side_composer),
    ("ticket-more", 5, macro_views.using.in_menu),
    ("ticket-more", 10, plan_views.in_menu),
    ("ticket-keys", 5, macro_views.using.among_keys),
    ("ticket-keys", 10, plan_views.among_keys),
    ("bulk-bar", 10, macro_views.using.in_bulk_bar),
    ("ticket-preview", 10, sla_views.on_ticket.of_preview),
    ("merge", 10, histories.moving_of),
    ("entry-sender", 10, mail_views.doubts.of_entry),
    ("entry-by-rule", 10, rule_views.why.of_entry),
    ("entry-by-macro", 10, macro_views.why.of_entry),
    ("entry-protected", 10, mail_views.protection.of_entry),
    ("notice-of-rule", 10, rule_views.why.of_notice),
]
"""Parts of a lower room's pages that a higher room fills: place, order, renderer."""


QUESTIONS: list[tuple[asking.Form, asking.Question]] = [
    (asking.Form.REPLY, sla_views.promised.NewTime()),
    (asking.Form.REPLY, mail_views.encrypting.Encrypt()),
    (asking.Form.SIDE, mail_views.encrypting.EncryptAside()),
    (asking.Form.RESOLVE, hints.SolutionIsTold()),
    (asking.Form.RESOLVE, sla_views.promised.WhyMissed()),
]
"""What forms about tickets ask besides, when there is reason to."""

OPENING: list[asking.OpeningQuestion] = [board_views.on_ticket.SameTrouble()]
"""What the form that logs a call asks besides."""


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the web application for ``settings`` (read from the environment by default)."""
    settings = settings or config.load()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    app = Flask("helpdesk", static_folder=None, template_folder=None)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        TESTING=settings.testing,
        MAX_CONTENT_LENGTH=settings.max_upload,
    )
    db.init_app(app, settings)
    web.init_app(app, settings)
    passwords.init_app(app, settings)
    guard.init_app(app, queues_of=team_queues.queue_ids)
    frame.init_app(app)
    live.init_app(app, audible.audible_topics)
    for shipped in (
        *(shipped_fields, setting, routing, rule_telling, gathering, plan_actions),
        mail_rule_fields,
        secure_rule_fields,
    ):
        shipped.register_shipped()
    working.register()
    persons.register_merging()
    board_linking.register_merging()
    kb_leaving.register_merging()
    delivery.provide(app, shown.OFFICE)
    carriers.provide(app, CARRIERS)
    for place, order, render in PANELS:
        panels.register(app, place, order, render)
    for finder in FINDERS:
        jumping.register(app, finder)
    for form, question in QUESTIONS:
        asking.register(app, form, question)
    for opening in OPENING:
        asking.register_opening(app, opening)
    app.extensions["hearth-jobs"] = JOBS
    app.extensions["hearth-searched"] = SEARCHED
    for event_type, handler in HANDLERS:
        events.subscribe(event_type, handler)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
