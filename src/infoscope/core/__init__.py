"""The words everything else is written in: estimates, rows, runs, claims. Imports nothing of ours and never torch."""
