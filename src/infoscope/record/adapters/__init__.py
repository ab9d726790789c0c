"""Callbacks of other people's trainers, one file each: a watch that follows a training which they run."""
