"""The ids of components that callbacks and tests refer to."""

LOCATION = "location"
PAGE = "page"
HEADER_SOURCE = "header-source"

VERSION = "version"
"""Store: {"version": number, "built": text} of the warehouse the page shows; None before the first answer."""
FILTERS = "filters"
"""Store: clause name -> {"op", "value"}; what is selected on the Explore page (see dashboard/filters.py)."""
SCHEME = "scheme"
"""Store: light or dark."""
CLOCK = "clock"

SEGMENTATION = "segmentation"
ALGORITHM = "algorithm"

EXPLORE = "explore"
CUSTOMERS = "customers"
TABLE_FRAME = "customers-frame"
TABLE_COLUMNS = "customers-columns"
"""Store: the columns the customer table was made with; a version with others makes it anew."""
TABLE_CAPTION = "table-caption"
EXPLORE_READY = "explore-ready"
"""Store: what the Explore page shows, version/segmentation/algorithm; set by the browser once it is drawn."""

SEGMENTS = "segments-content"
EVIDENCE = "evidence-content"
DATA = "data-content"
