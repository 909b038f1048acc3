"""What happens at the demo desk: common matters that recur, and the open tickets of today."""

from dataclasses import dataclass

CATEGORIES: dict[str, list[str]] = {
    "Network": ["Remote", "Remote/VPN", "Wi-Fi", "Internet line", "Firewall"],
    "Hardware": ["Laptop", "Printer", "Monitor and dock", "Phone", "Scanner"],
    "Software": ["Office", "E-mail", "ERP", "WMS", "Licences"],
    "Access": ["Password", "Account", "Shared folder", "MFA"],
    "Workplace": ["New starter", "Meeting room", "Move"],
}

TAGS = ("VPN", "HK-GW1", "Outlook", "WMS", "month-end", "onboarding", "printer", "VIP desk")


@dataclass(frozen=True)
class Matter:
    """A kind of trouble with everything that is usually said about it."""

    subject: str
    body: str
    reply: str
    solution: str
    category: str
    cause: str
    queue: int
    kind: str = "incident"
    channel: str = "email"
    impact: int = 3
    urgency: int = 2
    note: str = ""
    language: str = "en"


COMMON: list[Matter] = [
    Matter(
        "Password expired, can't sign in",
        "My password expired over the weekend and the page to change it does not load.",
        "I have reset it. You will be asked for a new one when you sign in.",
        "Reset the password and checked that the sign-in works.",
        "Access/Password",
        "Access or account",
        3,
        channel="phone",
    ),
    Matter(
        "Outlook does not open after the update",
        "Since the update last night Outlook closes by itself right after the start page.",
        "Please try again now. I switched off an add-in that does not get on with the update.",
        "Switched off the old conferencing add-in; Outlook starts.",
        "Software/E-mail",
        "Software fault",
        2,
    ),
    Matter(
        "Printer on the second floor is offline",
        "Nobody on our floor can print, the display says it has no address.",
        "It is back. It had lost its network address after the cleaning.",
        "Plugged the network cable back in and renewed the address.",
        "Hardware/Printer",
        "Hardware fault",
        2,
        impact=2,
        channel="phone",
        note="Third time this quarter, the socket is loose. Asked facilities to fix it.",
    ),
    Matter(
        "Need access to the shared folder of the claims team",
        "I moved to claims on Monday and still can't open their folder.",
        "You have access now. Please sign out and in again once.",
        "Added to the group after the team leader agreed.",
        "Access/Shared folder",
        "New or changed request",
        3,
        kind="request",
        channel="portal",
    ),
    Matter(
        "Wi-Fi drops in the meeting rooms",
        "Calls freeze every few minutes in rooms 3 and 4, elsewhere it is fine.",
        "We moved the access point to another channel. Could you try a call there today?",
        "Changed the channel and lowered the power of the neighbouring access point.",
        "Network/Wi-Fi",
        "Network fault",
        1,
        impact=2,
        note="Survey shows channel 36 is crowded on that floor.",
    ),
    Matter(
        "Laptop is very slow since this morning",
        "It takes ten minutes until I can work, and the fan runs all the time.",
        "An indexing job was stuck. I stopped it and it should be quick again.",
        "Stopped the indexer, rebuilt the index over lunch.",
        "Hardware/Laptop",
        "Software fault",
        2,
    ),
    Matter(
        "Licence for the drawing program",
        "For the layout of the new warehouse I need the drawing program for two months.",
        "The licence is assigned to you until the end of next month.",
        "Assigned a floating licence with an end date.",
        "Software/Licences",
        "New or changed request",
        0,
        kind="request",
        channel="portal",
        urgency=3,
    ),
    Matter(
        "How do I share my calendar with another office?",
        "My colleague in Leeds only sees that I am busy, not with what.",
        "Open the calendar, choose Share, add her address and pick “all details”.",
        "Explained sharing with details.",
        "Software/Office",
        "How-to or training",
        0,
        kind="question",
        urgency=3,
    ),
    Matter(
        "Scanner reads labels twice",
        "The hand scanner at gate 4 books every parcel twice.",
        "I loaded the right profile. Please watch the next hour and tell me if it happens again.",
        "Loaded the profile for 2D labels; no double bookings since.",
        "Hardware/Scanner",
        "Configuration or change",
        5,
        impact=2,
        channel="phone",
    ),
    Matter(
        "MFA phone replaced, can't confirm sign-ins",
        "I got a new phone and the confirmation still goes to the old one.",
        "Your new phone is registered now. Please approve the test request I have just sent.",
        "Removed the old device after identifying the caller, registered the new one.",
        "Access/MFA",
        "Access or account",
        3,
        channel="phone",
    ),
    Matter(
        "Screen flickers when docked",
        "The left screen goes black for a second every minute when the laptop is docked.",
        "I have put a new cable on your desk, please use the lower socket.",
        "Replaced the display cable.",
        "Hardware/Monitor and dock",
        "Hardware fault",
        2,
    ),
    Matter(
        "ERP: posting to last month is refused",
        "Period 05 is closed, but we still have two invoices of that month.",
        "The period is open for you until 18:00 today.",
        "Opened the period for one user and one day, with the controller's agreement.",
        "Software/ERP",
        "Configuration or change",
        4,
        impact=2,
        urgency=1,
    ),
    Matter(
        "打印机打印出来是乱码",
        "今天上午更新以后，打印出来的单据全是乱码，换了一台电脑也一样。",
        "已经重新安装了驱动，请再打印一次试试。",
        "重新安装驱动，改用正确的打印语言。",
        "Hardware/Printer",
        "Software fault",
        2,
        language="zh_Hans_CN",
    ),
    Matter(
        "邮箱空间已满，收不到邮件",
        "客户说给我发的邮件都被退回了，提示邮箱已满。",
        "已经为您扩容，被退回的邮件请客户重新发送。",
        "扩大邮箱并启用自动归档。",
        "Software/E-mail",
        "Configuration or change",
        0,
        language="zh_Hans_CN",
    ),
    Matter(
        "無法開啟共用資料夾",
        "今早開始打不開會計部的共用資料夾，同事都可以。",
        "權限已經更新，請登出再登入一次。",
        "補回遺漏的群組權限。",
        "Access/Shared folder",
        "Access or account",
        3,
        language="zh_Hant_TW",
    ),
    Matter(
        "視像會議沒有聲音",
        "十二樓會議室的喇叭沒有聲音，下午三點有客戶會議。",
        "已經切換到正確的輸出裝置，現在可以用了。",
        "會議室主機的輸出裝置被改動，已還原並鎖定。",
        "Workplace/Meeting room",
        "Configuration or change",
        5,
        channel="phone",
        urgency=1,
        language="zh_Hant_TW",
    ),
]


@dataclass(frozen=True)
class Today:
    """An open ticket of today, as it stands in the queue."""

    matter: Matter
    customer: str
    minutes: int
    # What has happened so far: "take", "reply", "note", "hear", "call", "hold:customer" …
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
        95,
        "take note call",
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
        42,
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
        334,
        "take reply call note hear",
        "priya",
        ("VPN", "HK-GW1"),
        (
            (
                "Thanks Mei-Ling, I can see the drops from our side. I’m moving you to the"
                " Singapore gateway now; please reconnect in five minutes."
            ),
            "轉咗新加坡 gateway 之後穩定咗，但打開 Oracle 好慢，可唔可以睇下？",
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
        "assign",
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
        180,
        "take call",
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
        50,
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
        210,
        "take reply hear note",
        "karen",
        ("Outlook",),
        (
            "Hello Kenji, I gave the permission back to all four. It takes up to an hour to show.",
            "It is back for two of us, the others still wait.",
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
        300,
        "take",
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
        1500,
        "take tasks",
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
        130,
        "take",
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
        75,
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
        400,
        "take reply",
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
        420,
        "take",
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
        85,
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
        "take reply hold:customer",
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
        "take note hold:supplier",
        "owen",
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
        5700,
        "take reply hold:customer",
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
        "take note",
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
        "take note major",
        "marcus",
        ("HK-GW1", "VPN"),
    ),
]
