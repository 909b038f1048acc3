"""Rules: what the desk does by itself, as its managers say."""
