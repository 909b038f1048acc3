"""Pure leaves: no database, no Flask, no imports of the rest of the house."""
