"""Everyone who is helped or helps: persons, contact points, organisations, teams, roles, sign-in."""
