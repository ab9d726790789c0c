"""Trackers: one class a file that mirrors what is measured into somebody else's page, ``watch(…, trackers=["wandb"])``.

A tracker is made with the ``run``'s name, a ``project`` and options of its own; ``log(values, step)`` takes numbers by
name, information in bits, and ``finish()`` ends it. Fact: ``package``, what it needs. It raises what it likes:
:class:`infoscope.show.mirroring.Mirror` tells it once, and the training goes on.
"""
