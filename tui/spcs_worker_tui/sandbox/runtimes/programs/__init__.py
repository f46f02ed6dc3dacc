"""The images that come with the sandbox: each file is a program of its own, run as a process."""
