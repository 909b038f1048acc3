"""Promises: calendars with opening hours, and arithmetic that counts only while a desk is open."""
