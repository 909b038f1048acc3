"""Set-up screens: how the desk is called and works, and who did what to it."""
