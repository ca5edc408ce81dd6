"""Features to segments: the clusterings, the evidence for them, and the tables they are written to."""
