"""The report: pictures and one self-contained page, drawn from the published warehouse. `make report` runs it."""
