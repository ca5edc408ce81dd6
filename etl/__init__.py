"""Loading: sources into raw.*, and the refresh that composes the whole job."""
