"""What happened to a session, in words: one telling for the admin, the terminal and exports."""
