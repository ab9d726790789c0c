"""The benchmark: every estimator, and every peer that is installed, on the sources whose information is known."""
