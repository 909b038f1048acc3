"""A believable desk with made-up people, to look at and to try things out on."""
