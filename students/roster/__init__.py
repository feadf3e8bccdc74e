"""The roster: reading a school's sheet, checking every row, and (later) writing the difference. No models are imported in the reading half."""
