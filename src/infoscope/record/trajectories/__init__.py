"""Where weights come from: one file each way in which a program leaves them behind, registered by being there."""
