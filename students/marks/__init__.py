"""Marks: read from a sheet (sheet, matching, importing), averaged (averages), and what a falling line says (trend)."""
