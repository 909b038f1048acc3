"""Early warning: tickets that are likely to miss what was promised, and many alike at once."""
