"""What it adds up to: home page, to-do list, summaries, PDFs, exports."""
