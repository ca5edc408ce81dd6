"""Who may enter the dashboard, what they may see and do there, and what is written down of it."""
