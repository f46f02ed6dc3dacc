"""From the desired state to the actual one: nodes, instances, containers."""
