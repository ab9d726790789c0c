"""Families of sources with known mutual information, one file each."""
