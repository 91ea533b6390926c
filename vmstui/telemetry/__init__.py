"""Samples of processes and of the machine."""
