"""Mail of mail systems and programs: bounces, complaints, answers nobody wrote, lists.

``read_report`` tells what a bounce says; ``helpdesk.channels.email.automatic`` tells the rest.
"""

from helpdesk.channels.email.reports.model import Bounce, Failure, Returned
from helpdesk.channels.email.reports.recognise import read_report

__all__ = ["Bounce", "Failure", "Returned", "read_report"]
