"""This process: where it finds modules, how its OpenMP threads wait for each other, and what it does when a signal stops it."""
