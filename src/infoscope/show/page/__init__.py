"""The live page: runs beside each other while they train or are scanned, in a browser, out of their folders alone.

``found`` looks for run folders, ``feed`` says what changed in them, ``guard`` says who may ask, ``server`` answers.
"""
