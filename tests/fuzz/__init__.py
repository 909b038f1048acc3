"""Messages nobody would send: the reader of mail has to survive them, and quickly.

``python -m tests.fuzz`` (``make fuzz``) reads damaged real mail, and lets atheris look for more.
"""
