"""Plots: one public function a file, from rows to a Vega-Lite dictionary, with literal facts that the report reads.

heading, order: of the panel, and its place among those of one way of measuring. quantities: those it draws.
by: what its lines are, a column of the rows; ``"network"`` means one figure for all networks of a run, ``"options"``
    one for all ways of measuring with an estimator.
together: whether it needs all its quantities at once, as a plane does.
Optional: panels, the columns that tell its panels apart (else quantity, variable and split); estimators, the only ones
    it is drawn for in the report; least, the fewest lines it is drawn for there.
"""
