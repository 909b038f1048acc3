"""The rules of the house, made executable. Each failure says what to do instead."""
