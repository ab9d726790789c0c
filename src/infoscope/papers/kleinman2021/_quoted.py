"""What the authors say word for word, of which claims are restatements: the abstract and that of the first version."""

from __future__ import annotations

_ABSTRACT = "(abstract)"

REGULARISATION = (
    "“the implicit regularization coming from training with Stochastic Gradient Descent with a high learning-rate and "
    f"small batch size plays an important role in learning minimal sufficient representations for the task” {_ABSTRACT}"
)
DISCARDED = (
    "“semantically meaningful but ultimately irrelevant information is encoded in the early transient dynamics of "
    f"training, before being later discarded” {_ABSTRACT}"
)
PERTURBING = (
    "“we evaluate how perturbing the initial part of training impacts the learning dynamics and the resulting "
    f"representations” {_ABSTRACT}"
)
INITIAL = (
    "“If the network is not randomly initialized, we show that the training may not recover an optimal representation” "
    "(abstract of the first version, October 2020)"
)
