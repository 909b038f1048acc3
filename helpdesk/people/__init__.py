"""Everyone who is helped or helps: persons, addresses, organisations, teams, roles, sign-in."""
