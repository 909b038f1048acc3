"""What leaves the house: the outbox, and who is told what."""
