"""The core: tickets, their life, their journal and the verbs that are the only way to change them."""
