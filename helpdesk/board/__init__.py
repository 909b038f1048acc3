"""The alert board: known trouble that everybody should see first, and who hears of its end."""
