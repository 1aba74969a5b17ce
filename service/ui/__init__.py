"""Pages for people; they know only the public API."""
