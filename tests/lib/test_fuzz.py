"""A short run of the fuzzing: ``make fuzz`` reads a hundred thousand damaged messages."""

import random

from tests.fuzz.__main__ import run
from tests.fuzz.damage import damaged, seeds
from tests.support import shared

MESSAGES = 1_500


def test_damaged_messages_are_read_without_an_error_and_in_time():
    folder = shared.where("email")
    faults = run(20_261_123, MESSAGES, folder if folder.is_dir() else None)
    assert [fault.what for fault in faults] == []


def test_a_number_makes_the_same_messages_again():
    known = seeds(None)
    one, two = random.Random(4), random.Random(4)
    made = [damaged(one, known) for _time in range(50)]
    assert made == [damaged(two, known) for _time in range(50)]
    assert len(set(made)) > 40
