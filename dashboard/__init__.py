"""The dashboard: reads marts.* and segments.*, never fits a model."""
