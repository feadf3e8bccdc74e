"""Assessment tools: what one is made of, how it is scored, how its answers are read from a sheet. Scoring knows no database."""
