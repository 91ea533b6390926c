"""Screens of the dashboard: the fleet, and the dialogs above it."""
