"""Tests of Hearth. The folders mirror ``helpdesk/``; what tests share is in ``tests.support``."""
