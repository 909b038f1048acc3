"""The open tickets of today, as they stand in the queues of the demo desk."""

from dataclasses import dataclass

from helpdesk.demo.matters import Matter


@dataclass(frozen=True)
class Today:
    """An open ticket of today, as it stands in the queue."""

    matter: Matter
    customer: str
    # Open time since it was opened, by the calendar of what is promised for it.
    minutes: int
    # What has happened so far, and how many minutes of open time after the beginning: "take@6
    # reply@11 note@20"; also "hear", "call", "hold:customer" …
    steps: str = ""
    technician: str = ""
    tags: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()


def _m(subject: str, body: str, category: str, queue: int, **more: object) -> Matter:
    return Matter(subject, body, "", "", category, "", queue, **more)  # type: ignore[arg-type]


TODAY: list[Today] = [
    Today(
        _m(
            "Warehouse scanners can’t reach WMS at gate 3",
            "All hand scanners at gate 3 say “no host”. Trucks are waiting.",
            "Software/WMS",
            1,
            channel="phone",
            impact=1,
            urgency=1,
        ),
        "Alan Tsang",
        138,
        "take@4 note@21 part@100 call@110 part-waits@118",
        "marcus",
        ("WMS",),
    ),
    Today(
        _m(
            "Outlook keeps asking for a password",
            "After changing my password Outlook asks for it every two minutes.",
            "Software/E-mail",
            0,
            impact=2,
            urgency=1,
        ),
        "Sofia Reyes",
        94,
        "",
        "",
        ("Outlook",),
    ),
    Today(
        _m(
            "VPN drops every few minutes since this morning",
            "VPN 由今朝開始每隔幾分鐘就斷線，Citrix 都一齊彈走。三點半要交月結報表，麻煩盡快幫手。",
            "Network/Remote/VPN",
            1,
            impact=2,
            urgency=1,
            language="zh_Hant_TW",
        ),
        "何美玲 Ho Mei-Ling",
        336,
        "take@6 reply@11 call@28 note@319",
        "priya",
        ("VPN", "HK-GW1"),
        (
            (
                "Thanks Mei-Ling, I can see the drops from our side. I’m moving you to the"
                " Singapore gateway now; please reconnect in five minutes."
            ),
        ),
    ),
    Today(
        _m(
            "Payroll export fails with 0x8004, cut-off 17:00",
            "The export to the bank stops with 0x8004. We must deliver before five.",
            "Software/ERP",
            4,
            channel="portal",
            impact=1,
            urgency=1,
        ),
        "Grace Lim",
        22,
        "",
    ),
    Today(
        _m(
            "无法登录 ERP，提示“账户已锁定”",
            "早上输错了两次密码，现在提示账户已锁定，今天要做采购订单。",
            "Software/ERP",
            4,
            channel="portal",
            impact=2,
            urgency=1,
            language="zh_Hans_CN",
        ),
        "王芳 Wang Fang",
        38,
        "assign@29",
        "ting",
    ),
    Today(
        _m(
            "Label printer prints half a label after driver update",
            "Since the update this morning only the upper half of each label is printed.",
            "Hardware/Printer",
            2,
            channel="phone",
        ),
        "Joe Mensah",
        470,
        "take@3 call@439",
        "tom",
        ("printer",),
    ),
    Today(
        _m(
            "Can I get Visio for a two-week project?",
            "We draw the process maps for the audit until the end of the month.",
            "Software/Licences",
            0,
            kind="request",
            channel="chat",
        ),
        "Nadia Haddad",
        134,
        "",
    ),
    Today(
        _m(
            "Shared mailbox “Claims APAC” missing for four people",
            "Four of us lost the shared mailbox over night. Claims are piling up.",
            "Software/E-mail",
            3,
            impact=2,
            urgency=1,
        ),
        "Kenji Mori",
        220,
        "take@8 reply@15 hear@70 reply@96 note@198",
        "karen",
        ("Outlook",),
        (
            "Hello Kenji, I gave the permission back to all four. It takes up to an hour to show.",
            "It is back for two of us, the others still wait.",
            "Thanks, then the last two need a nightly sync. I watch it and tell you.",
        ),
    ),
    Today(
        _m(
            "Meeting room 12F: camera not detected",
            "The camera does not show up in the call program, only the microphone.",
            "Workplace/Meeting room",
            5,
            channel="phone",
        ),
        "Rachel Adler",
        1255,
        "take@12",
        "wai",
    ),
    Today(
        _m(
            "New starter Monday: laptop, badge and mailbox",
            "Tomasz Wilk starts on Monday in planning. The usual equipment, please.",
            "Workplace/New starter",
            3,
            kind="request",
            channel="portal",
        ),
        "Ana Duarte",
        330,
        "take@6 reply@18 tasks@24",
        "lena",
        ("onboarding",),
    ),
    Today(
        _m(
            "Disk 92% full on SGP-FS02",
            "Threshold of 90% exceeded on volume D: of SGP-FS02.",
            "Network/Internet line",
            1,
            channel="monitoring",
        ),
        "Monitoring",
        75,
        "take@5",
        "marcus",
    ),
    Today(
        _m(
            "Request: second monitor for home office",
            "I work three days from home now and would like a second monitor.",
            "Hardware/Monitor and dock",
            2,
            kind="request",
            urgency=3,
        ),
        "Piotr Zieliński",
        180,
        "",
    ),
    Today(
        _m(
            "Change name on account after marriage",
            "My new name is Emma Larsen Holt from the first of the month.",
            "Access/Account",
            3,
            kind="request",
            urgency=3,
        ),
        "Emma Larsen",
        710,
        "take@14 reply@41",
        "hassan",
        replies=("Congratulations! I have prepared it, it changes on the first.",),
    ),
    Today(
        _m(
            "MFA token lost, temporary pass until Friday",
            "I left my token at home in Leeds and am in Hong Kong until Friday.",
            "Access/MFA",
            3,
            channel="portal",
            urgency=3,
        ),
        "Omar Aziz",
        680,
        "take@20 reply@33",
        "lena",
    ),
    Today(
        _m(
            "Slow Wi-Fi in the mezzanine office",
            "Pages take half a minute to load since the new shelves were put up.",
            "Network/Wi-Fi",
            1,
            urgency=3,
        ),
        "Chloe Martin",
        45,
        "",
    ),
    Today(
        _m(
            "Laptop overheats when docked, replacement offered",
            "It switches itself off when I have the dock and two screens on it.",
            "Hardware/Laptop",
            2,
            impact=2,
            urgency=1,
        ),
        "Ben Carter",
        4300,
        "take@9 reply@24 hold:customer@30",
        "freya",
        replies=("We have a replacement for you. When are you in the office this week?",),
    ),
    Today(
        _m(
            "Firewall rule for carrier EDI, waiting on PCCW",
            "The carrier changed its address, deliveries are not confirmed any more.",
            "Network/Firewall",
            1,
            channel="phone",
        ),
        "Alan Tsang",
        5900,
        "take@11 note@52 hold:supplier@95",
        "owen",
    ),
    Today(
        _m(
            "Label printer at bench 4 eats the labels",
            "Every third label comes out folded. We cut them by hand meanwhile.",
            "Hardware/Printer",
            2,
            channel="phone",
        ),
        "Joe Mensah",
        310,
        "take@7 note@25 hold:supplier@40",
        "tom",
    ),
    Today(
        _m(
            "Which form do I use for a loan projector?",
            "We have a town hall on the 24th and need a projector for a day.",
            "Workplace/Meeting room",
            0,
            kind="question",
            channel="chat",
            urgency=3,
        ),
        "Yuki Tanaka",
        1900,
        "take@17 reply@44 hold:customer@45",
        "aisha",
        replies=("For which room, and how many people? Then I can tell you which one fits.",),
    ),
    Today(
        _m(
            "Complaint: three calls and still no headset",
            "I asked for a headset on the 2nd, the 9th and the 15th and heard nothing.",
            "Hardware/Phone",
            0,
            kind="complaint",
            impact=3,
            urgency=1,
        ),
        "張家明 Cheung Ka-Ming",
        260,
        "take@75 note@120",
        "mina",
    ),
    Today(
        _m(
            "VPN gateway HK-GW1 drops sessions at rekey",
            "Sessions over HK-GW1 end when the keys are renegotiated, every 30 minutes.",
            "Network/Remote/VPN",
            1,
            kind="problem",
            channel="staff",
            impact=2,
            urgency=1,
        ),
        "Helen Ward",
        320,
        "take@7 reply@13 note@40 major@55",
        "marcus",
        ("HK-GW1", "VPN"),
    ),
]
