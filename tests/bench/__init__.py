"""Measurements: ``python -m tests.bench --size N --only a,b`` or ``make bench``."""
