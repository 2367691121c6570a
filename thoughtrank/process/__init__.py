"""This process: how its OpenMP threads wait for each other, and what it does when a signal asks it to stop."""
