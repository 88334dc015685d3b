"""What travels between capture, snapshot, apply and any other consumer. Pure: no connections."""
