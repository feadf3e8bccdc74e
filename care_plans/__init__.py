"""What we do: support teams, plans, conferences."""
