"""The verbs of the knowledge base. They check, write, journal and publish; they never commit."""

from helpdesk.kb.services.details import Details, DetailsClash, change, details_of, hand_over
from helpdesk.kb.services.drafts import DraftMoved, discard_draft, keep_draft
from helpdesk.kb.services.files import Upload
from helpdesk.kb.services.journal import check_may_change
from helpdesk.kb.services.linking import relate, tie, unrelate, untie
from helpdesk.kb.services.saying import close_flag, flag, record_use, vote
from helpdesk.kb.services.wording import Wording
from helpdesk.kb.services.workflow import (
    bring_back,
    publish,
    retire,
    send_back,
    still_right,
    submit,
)
from helpdesk.kb.services.writing import (
    LANGUAGES,
    NewArticle,
    SavedMeanwhile,
    add_language,
    create,
    newest,
    restore,
    save,
)

__all__ = [
    "LANGUAGES",
    "Details",
    "DetailsClash",
    "DraftMoved",
    "NewArticle",
    "SavedMeanwhile",
    "Upload",
    "Wording",
    "add_language",
    "bring_back",
    "change",
    "check_may_change",
    "close_flag",
    "create",
    "details_of",
    "discard_draft",
    "flag",
    "hand_over",
    "keep_draft",
    "newest",
    "publish",
    "record_use",
    "relate",
    "restore",
    "retire",
    "save",
    "send_back",
    "still_right",
    "submit",
    "tie",
    "unrelate",
    "untie",
    "vote",
]
