"""What the authors say word for word, of which claims are restatements: the abstracts of the paper's two versions."""

from __future__ import annotations

_ABSTRACT = "(abstract, ICML 2019)"

CLUSTERING = (
    "“compression, i.e. reduction in I(X;T) over the course of training, is driven by progressive geometric clustering "
    f"of the representations of samples from the same class” {_ABSTRACT}"
)
CLUSTER_TOO = (
    "“purely deterministic DNNs, where I(X;T) is provably vacuous, and … nevertheless, these models also cluster "
    f"inputs belonging to the same class” {_ABSTRACT}"
)
BINNING = f"“The binning-based approximation of I(X;T) … is identified as a measure of clustering” {_ABSTRACT}"
NOT_CAUSAL = f"“new evidence that compression and generalization may not be causally related” {_ABSTRACT}"
PROXY = (
    "“This noisy framework is shown to be a good proxy for the original (deterministic) DNN both in terms of "
    "performance and the learned representations” (abstract of the version of 2018)"
)
VARIOUS = "“observe compression in various models” (abstract of the version of 2018)"
