"""What runs inside the container: a Prefect process worker that drains and tells the truth."""
