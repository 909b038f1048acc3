"""The knowledge base: what is known, written once, kept true, and found when it is needed."""
