"""What a container really is: a local process group, a script, or (later) a Docker container."""
