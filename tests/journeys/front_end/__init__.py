"""The scripts in a real browser, on a desk that has no database."""
