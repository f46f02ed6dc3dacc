"""What the program does; the front ends call nothing else."""
