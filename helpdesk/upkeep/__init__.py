"""Looking after a desk: beginning it, its housekeeping jobs, backup and restore, check-ups."""
