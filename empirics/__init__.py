"""What training reaches: seeded tasks, trainers, and experiments decided exactly."""
