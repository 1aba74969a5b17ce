"""Bodies of requests and answers that are tables: CSV, Arrow streams, and ``.npy``."""
