"""What the authors say word for word, of which claims are restatements: abstracts, and the later wording of one."""

from __future__ import annotations

_ABSTRACT = "(abstract, Saxe et al. 2018)"
_TISHBY = "(abstract, Shwartz-Ziv and Tishby 2017)"

NONLINEARITY = (
    "“double-sided saturating nonlinearities like tanh yield a compression phase as neural activations enter the "
    "saturation regime, but linear activation functions and single-sided saturating nonlinearities like the widely "
    f"used ReLU in fact do not” {_ABSTRACT}"
)
NOT_ALWAYS = f"{NONLINEARITY}; later that ReLU networks “do not always compress” (JSTAT 2019, section 6)"
NO_CAUSE = (
    "“there is no evident causal connection between compression and generalization: networks that do not compress are "
    f"still capable of generalization, and vice versa” {_ABSTRACT}"
)
FULL_BATCH = (
    "“the compression phase, when it exists, does not arise from stochasticity in training by demonstrating that we "
    f"can replicate the IB findings using full batch gradient descent” {_ABSTRACT}"
)
IRRELEVANT = (
    "“hidden representations do compress the task-irrelevant information, although the overall information about the "
    "input may monotonically increase with training time, and … this compression happens concurrently with the fitting "
    f"process rather than during a subsequent compression period” {_ABSTRACT}"
)
MOST_OF_TRAINING = (
    "“most of the training epochs in standard DL are spent on compression of the input to efficient representation and "
    f"not on fitting the training labels” {_TISHBY}"
)
PHASES = (
    "“The representation compression phase begins when the training errors becomes small and the Stochastic Gradient "
    f"Decent (SGD) epochs change from a fast drift … into a stochastic relaxation, or random diffusion” {_TISHBY}"
)
BOUND = "“The converged layers lie on or very close to the Information Bottleneck (IB) theoretical bound” " + _TISHBY
DEPTH = f"“The training time is dramatically reduced when adding more hidden layers” {_TISHBY}"
RELAXATION = f"{DEPTH}; “This can be explained by the reduced relaxation time” (the same)"
