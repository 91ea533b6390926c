"""Control: the protocol between the recorder service and those who look at it, its server and its clients."""
