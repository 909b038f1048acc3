"""What of a message is its own words: quotes, signatures and forwarded mail are found, not cut."""

from helpdesk.lib.quoting.folding import Fold, Folded, Kind, fold
from helpdesk.lib.quoting.forwarded import Forwarded, forwarded
from helpdesk.lib.quoting.in_html import Piece, fold_html, pieces

__all__ = [
    "Fold",
    "Folded",
    "Forwarded",
    "Kind",
    "Piece",
    "fold",
    "fold_html",
    "forwarded",
    "pieces",
]
