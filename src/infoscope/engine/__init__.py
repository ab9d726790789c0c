"""Where jobs run: this process, processes of this machine, Ray, Slurm. Knows a job and its file, and no network."""
