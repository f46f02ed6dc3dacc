"""The Docker engine, through the Docker SDK: builds images and pushes them.

engine    the port `ImageEngine`: each call in a thread of its own
threads   those threads, which can be stopped
client    all that touches the SDK; imported when first needed
reading   what the engine says while it builds and pushes
refusals  what its complaints mean, and what to do about them
"""
