"""Macros: named lists of actions and a text, run by hand on one ticket or on many."""
