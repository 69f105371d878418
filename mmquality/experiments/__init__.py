"""What recommendations are worth: simulated visitors, lifts, sequential tests, replay of a log."""
