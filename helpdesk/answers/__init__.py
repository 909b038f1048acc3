"""Answer templates: texts that technicians put into an answer, with the ticket filled in."""
