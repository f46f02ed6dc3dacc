"""What can go wrong, on demand: at the wire, at Prefect's door, in the containers."""
