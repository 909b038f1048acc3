"""The ways in and out. Each channel is one folder of one shape and ends in the ticket verbs."""
