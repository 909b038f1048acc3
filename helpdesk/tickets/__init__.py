"""The core: tickets, their life, their journal, and the verbs that alone change them."""
