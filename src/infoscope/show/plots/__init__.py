"""Plots: one public function a file, from rows to a Vega-Lite dictionary, with literal facts that the report reads.

heading, order: of the panel, and its place among those of one way of measuring. kinds: of the quantities it draws
    (:data:`infoscope.core.quantity.KINDS`), in their order; a new quantity of one of them is drawn by being there.
by: what its lines are, a column of the rows; ``"network"`` means one figure for all networks of a run, ``"options"``
    one for all ways of measuring with an estimator.
Optional: axes, the symbols of the quantities that it needs at once, as a plane does; panels, the columns that tell its
    panels apart (else quantity, variable and split); reported, the only kinds it is drawn of in the report; least, the
    fewest lines it is drawn for there; wants, a kind without which it is not.
"""
