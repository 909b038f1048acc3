"""Work plans: tasks and child tickets that belong to one kind of request, kept as a list."""
