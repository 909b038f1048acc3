"""What recurs at the demo desk."""

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
    # Other words that people choose for the same thing.
    others: tuple[str, ...] = ()


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
        others=("Locked out after three wrong passwords", "Can't sign in since the weekend"),
    ),
    Matter(
        "Outlook does not open after the update",
        "Since the update last night Outlook closes by itself right after the start page.",
        "Please try again now. I switched off an add-in that does not get on with the update.",
        "Switched off the old conferencing add-in; Outlook starts.",
        "Software/E-mail",
        "Software fault",
        2,
        others=(
            "Outlook closes right after the start page",
            "Mail program crashes since last night",
        ),
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
        others=("Printer at goods-in says it has no address", "Nobody on our floor can print"),
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
        others=(
            "Folder of the new team can't be opened",
            "Please let me into the month-end folder",
        ),
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
        others=("No Wi-Fi in the canteen", "Calls freeze in rooms 3 and 4"),
    ),
    Matter(
        "Laptop is very slow since this morning",
        "It takes ten minutes until I can work, and the fan runs all the time.",
        "An indexing job was stuck. I stopped it and it should be quick again.",
        "Stopped the indexer, rebuilt the index over lunch.",
        "Hardware/Laptop",
        "Software fault",
        2,
        others=("Fan of my laptop runs all day", "Everything takes minutes to open"),
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
        others=("PDF editor for two months, please", "Second licence for the label designer"),
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
        others=("How do I set an absence message?", "Where do I find the travel form?"),
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
        others=(
            "Hand scanner books every parcel twice",
            "Scanner at gate 2 beeps and books nothing",
        ),
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
        others=("New phone, codes still go to the old one", "Confirmation code never arrives"),
    ),
    Matter(
        "Screen flickers when docked",
        "The left screen goes black for a second every minute when the laptop is docked.",
        "I have put a new cable on your desk, please use the lower socket.",
        "Replaced the display cable.",
        "Hardware/Monitor and dock",
        "Hardware fault",
        2,
        others=("Left screen goes black every minute", "Dock only shows one of two screens"),
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
        others=("Two invoices of last month can't be posted", "ERP says that the period is closed"),
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
        others=("单据打印全是乱码", "三楼打印机打印不清楚"),
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
        others=("客户说邮件被退回", "邮箱提示空间不足"),
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
        others=("會計部資料夾打不開", "共用磁碟不見了"),
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
        others=("十二樓會議室喇叭沒有聲音", "開會時對方聽不到我們"),
    ),
]
