"""The configuration: found, read, checked with file and line, resolved into `model.Settings`."""
