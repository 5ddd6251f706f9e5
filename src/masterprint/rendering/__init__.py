"""From mix to master."""
