"""Other people's estimators, run beside ours: one file each, registered by being there."""
