"""Recordings on disk: the storage they go to, naming, checking and publishing of segments."""
