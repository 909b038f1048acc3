"""The answer templates of the demo desk."""

from datetime import timedelta

from helpdesk.answers.models import AnswerTemplate
from helpdesk.db import db
from helpdesk.demo.story import Demo

TEMPLATES = (
    # Name, folder, English, 简体, 繁體, times used, days since.
    (
        "Works again?",
        "Closing",
        (
            "Hello {customer},\n\nplease try once more and tell us whether it works now."
            " If it does not, an answer to this message is enough.\n\n{me}"
        ),
        "{customer}，您好：\n\n请再试一次，并告诉我们现在是否正常。如仍有问题，直接回复此邮件即可。\n\n{me}",
        "{customer}，您好：\n\n請再試一次，並告訴我們現在是否正常。如仍有問題，直接回覆此郵件即可。\n\n{me}",
        41,
        1,
    ),
    (
        "Which computer is it?",
        "Asking",
        (
            "Hello {customer},\n\nso that we can look at “{subject}”, please send us:\n\n"
            "- the name of the computer (on the sticker below its screen)\n"
            "- since when it happens\n- a picture of what it says, if there is one\n\n{me}"
        ),
        (
            "{customer}，您好：\n\n为了处理“{subject}”，请告诉我们：\n\n"
            "- 电脑名称（在屏幕下方的标签上）\n- 从什么时候开始\n- 如有提示，请附上截图\n\n{me}"
        ),
        (
            "{customer}，您好：\n\n為了處理「{subject}」，請告訴我們：\n\n"
            "- 電腦名稱（在螢幕下方的標籤上）\n- 從什麼時候開始\n- 如有提示，請附上截圖\n\n{me}"
        ),
        27,
        2,
    ),
    (
        "Restart the VPN client",
        "How to",
        (
            "Hello {customer},\n\n1. Close FortiClient from the tray.\n2. Wait ten seconds.\n"
            "3. Start it and choose the gateway **SGP-GW1**.\n\n"
            "You can expect more from us by {expected}.\n\n{me}"
        ),
        "",
        "",
        12,
        0,
    ),
)


def make_answers(demo: Demo) -> None:
    """Write down what the desk answers again and again."""
    for name, folder, english, simplified, traditional, used, days in TEMPLATES:
        db.session.add(
            AnswerTemplate(
                name=name,
                folder=folder,
                text_en=english,
                text_hans=simplified,
                text_hant=traditional,
                used=used,
                used_at=demo.moment - timedelta(days=days, hours=2),
            )
        )
    db.session.flush()
