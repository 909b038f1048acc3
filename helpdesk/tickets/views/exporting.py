"""Any list as a file for a spreadsheet."""

from collections.abc import Iterable, Iterator

from flask import Response, request, stream_with_context

from helpdesk.lib import csvfile
from helpdesk.lib.clock import now
from helpdesk.people import audit
from helpdesk.people.access import Permission
from helpdesk.people.guard import current_actor, require
from helpdesk.tickets.queries import export
from helpdesk.tickets.queries.filters import to_query
from helpdesk.tickets.views.answers import settings
from helpdesk.tickets.views.blueprint import bp
from helpdesk.tickets.views.listing import wanted_list
from helpdesk.web.i18n import reader_zone


@bp.get("/queue/export.csv")
@require(Permission.TICKET_READ, Permission.TICKET_EXPORT)
def export_list() -> Response:
    """Send a list, all of it, while it is being read."""
    actor = current_actor()
    wanted = wanted_list().filter
    audit.record_export(actor, "tickets", to_query(wanted), request.remote_addr or "")
    rows = export.rows(actor, wanted, zone=reader_zone())
    return _file("tickets", export.COLUMNS, rows)


@bp.get("/queue/bin/export.csv")
@require(Permission.TICKET_READ, Permission.TICKET_BIN, Permission.TICKET_EXPORT)
def export_bin() -> Response:
    """Send the bin, all that still comes back from it."""
    actor = current_actor()
    audit.record_export(actor, "tickets", "bin", request.remote_addr or "")
    rows = export.bin_rows(actor, days=settings().bin_days, zone=reader_zone())
    return _file("bin", export.BIN_COLUMNS, rows)


def _file(name: str, columns: Iterable[str], rows: Iterator[list[object]]) -> Response:
    return Response(
        stream_with_context(csvfile.lines(list(columns), rows)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}-{now():%Y-%m-%d}.csv"'},
    )
