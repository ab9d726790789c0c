"""States that are added to, merged and read: what one pass over rows needs to keep, however many there are."""
