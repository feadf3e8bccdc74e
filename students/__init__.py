"""Who we care for: students, their classes, their file, and who may open it."""
