"""One module for each kind of deliverable."""
