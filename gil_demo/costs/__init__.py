"""What processes cost: start-up, transport, memory, and from when on they pay."""
