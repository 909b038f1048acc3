"""Tests of the set-up screens."""
