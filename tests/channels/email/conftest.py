"""Fixtures of the tests of sending: a queue, its mailbox that sends to a receiver, a ticket."""

import pytest

from helpdesk.channels.email.models import Mailbox
from helpdesk.tickets.desk import Queue
from helpdesk.tickets.models import Ticket
from tests import factories
from tests.channels.email import post
from tests.support import smtp


@pytest.fixture
def queue(session) -> Queue:
    return factories.queue(is_default=True)


@pytest.fixture
def box(queue: Queue, smtp_receiver: smtp.Receiver) -> Mailbox:
    return post.mailbox(None, smtp_receiver, queue=queue)


@pytest.fixture
def ticket(queue: Queue) -> Ticket:
    customer = factories.person("Ho Mei-Ling", email="mei@customer.example")
    return factories.ticket(customer=customer, queue_=queue)
