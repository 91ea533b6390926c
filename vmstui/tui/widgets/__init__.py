"""Widgets of the dashboard, all drawn with the Line API from lines of `tui.lines`."""
