"""Models at rest: files under the store, verified before anything is decoded."""
