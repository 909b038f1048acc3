"""What makes a desk a desk: links, a second assignment, followers, drafts, the bin, a secret."""

from dataclasses import replace
from datetime import timedelta

from helpdesk import blobs
from helpdesk.demo import matters, picture
from helpdesk.demo.past import log_at
from helpdesk.demo.story import Demo
from helpdesk.lib import clock
from helpdesk.tickets import services
from helpdesk.tickets.lifecycle import BinReason, LinkType
from helpdesk.tickets.models import Ticket
from helpdesk.tickets.services import NewFile, Said, Target
from helpdesk.tickets.services.drafts import save_draft

GATEWAY_LOG = """\
08:58:12 hk-gw1 ike: phase 2 rekey started, peer 10.20.4.17
08:58:42 hk-gw1 ike: phase 2 rekey timed out, peer 10.20.4.17
08:58:42 hk-gw1 ike: tunnel down, peer 10.20.4.17
08:59:03 hk-gw1 ike: tunnel up, peer 10.20.4.17
09:28:12 hk-gw1 ike: phase 2 rekey started, peer 10.20.4.17
09:28:42 hk-gw1 ike: phase 2 rekey timed out, peer 10.20.4.17
"""


def live_around(demo: Demo, today: dict[str, Ticket]) -> None:
    """Connect the tickets of today with each other and with more people."""
    vpn = today["VPN drops every few minutes since this morning"]
    problem = today["VPN gateway HK-GW1 drops sessions at rekey"]
    _major_incident(demo, problem)
    karen, priya = demo.actors["karen"], demo.actors["priya"]
    with clock.at(demo.moment - timedelta(minutes=16)):
        services.add(
            karen, vpn, [Target(demo.queues[5], demo.technicians["wai"], "Line quality check")]
        )
        services.link(karen, problem, vpn, LinkType.PARENT)
        services.follow(karen, vpn, demo.technicians["karen"])
        services.follow(karen, vpn, demo.technicians["marcus"])
    with clock.at(demo.moment - timedelta(minutes=9)):
        services.add_time(priya, vpn, 900, note="Traced the tunnel")
    with clock.at(demo.moment - timedelta(minutes=3)):
        _drafts(demo, today)
    with clock.at(demo.moment - timedelta(minutes=2)):
        said = "轉咗新加坡 gateway 之後穩定咗，但打開 Oracle 好慢，可唔可以睇下？"
        heard = services.Heard(vpn.customer, said, files=[screenshot()])
        services.hear(vpn, heard, reopen_days=5)
    _bin(demo)
    secret = replace(
        matters.COMMON[3],
        subject="Question about parental leave",
        body="I would like to talk about my leave before I tell my team.",
        queue=6,
    )
    log_at(demo, secret, demo.customers[44], demo.moment - timedelta(hours=3))


def _major_incident(demo: Demo, problem: Ticket) -> None:
    """Log what others report of it, gather it under the problem, and look into the gateway."""
    marcus = demo.actors["marcus"]
    matter = replace(
        matters.COMMON[4],
        body="The VPN throws me out twice an hour, always at the same minutes.",
        category="Network/Remote/VPN",
        queue=1,
        urgency=1,
    )
    said = {
        "Joe Mensah": "VPN ends every half hour",
        "Rachel Adler": "Thrown out of the VPN again and again",
        "Ben Carter": "Can’t stay connected from home",
        "張家明 Cheung Ka-Ming": "VPN 成日斷線",
    }
    for number, (name, subject) in enumerate(said.items()):
        reported = demo.moment - timedelta(minutes=200 - number * 30)
        child = log_at(demo, replace(matter, subject=subject), demo.people[name], reported)
        with clock.at(reported + timedelta(minutes=9 + number * 4)):
            services.reply(marcus, child, Said("It is the gateway, not you. We are at it."))
        with clock.at(demo.moment - timedelta(minutes=80 - number)):
            services.link(marcus, problem, child, LinkType.PARENT)
    with clock.at(demo.moment - timedelta(minutes=70)):
        log = GATEWAY_LOG.encode()
        file = NewFile(blobs.put(log), "hk-gw1.txt", "text/plain", len(log))
        body = "The gateway’s log agrees: every rekey runs into its time limit."
        services.note(marcus, problem, Said(body, files=[file], duration=1800))


def screenshot() -> NewFile:
    """Return the picture that customers send along."""
    data = picture.chart_png()
    return NewFile(blobs.put(data), "oracle-slow.png", "image/png", len(data))


def _drafts(demo: Demo, today: dict[str, Ticket]) -> None:
    """Leave what somebody was writing when the phone rang."""
    payroll = today["Payroll export fails with 0x8004, cut-off 17:00"]
    mailbox = today["Shared mailbox “Claims APAC” missing for four people"]
    save_draft(
        demo.actors["ting"],
        payroll,
        "reply",
        body="Hello Grace, 0x8004 means that the bank’s certificate has run out. I am",
    )
    save_draft(demo.actors["karen"], mailbox, "note", body="Ask Lena whether the nightly sync")


def _bin(demo: Demo) -> None:
    """Throw away what nobody asked for."""
    binned = [
        ("You have won a cruise", "Click here to win!", 60, "aisha", BinReason.SPAM),
        ("Invoice 9918 overdue - open the attachment", "Pay today.", 61, "mina", BinReason.SPAM),
        ("test", "test, please ignore", 14, "daniel", BinReason.MISTAKE),
    ]
    for number, (subject, body, customer, technician, reason) in enumerate(binned):
        at = demo.moment - timedelta(hours=7 + number * 20)
        matter = replace(
            matters.COMMON[1], subject=subject, body=body, category="Software/E-mail", queue=0
        )
        ticket = log_at(demo, matter, demo.customers[customer], at)
        with clock.at(at + timedelta(minutes=11)):
            services.bin_ticket(demo.actors[technician], ticket, reason)
