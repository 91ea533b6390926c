"""The recorder service: worker processes, their state machine, restart policy, watchdog and adoption."""
