"""What docs/answers.md asks, and what it says of a claim where it holds and where it does not: words, no numbers."""

from __future__ import annotations

from typing import NamedTuple


class Told(NamedTuple):
    """A claim, and what one says where it holds and where it does not; else that it is open."""

    claim: str
    holds: str
    fails: str

    @property
    def figure(self) -> str:
        return self.claim.rpartition("/")[0]


class Question(NamedTuple):
    """A question, and what decides it: three sentences, of one to three claims each."""

    asked: str
    sentences: tuple[tuple[Told, ...], tuple[Told, ...], tuple[Told, ...]]


S, G, K = "saxe2018", "goldfeld2019", "kleinman2021"
QUESTIONS = (
    Question(
        "What decides whether I(X;T) falls?",
        (
            (
                Told(f"{S}/tanh/compresses", "Tanh networks lose binned information in their late layers",
                     "The late layers of tanh networks do not lose 2 bits of binned information"),
                Told(f"{S}/relu/no-compression", "hidden ReLU layers do not", "some hidden ReLU layer does as well"),
                Told(f"{S}/committee_machine/two-phases", "tanh networks that learn a committee's vote do so too",
                     "tanh networks that learn a committee's vote do not"),
            ),
            (
                Told(f"{S}/factorial/saturation-decides", "Saturation on both sides alone decides it",
                     "Saturation on both sides does not decide it alone"),
                Told(f"{S}/minimal_model/saturation-decides", "in a single unit it decides exactly",
                     "not even in a single unit does it"),
            ),
            (
                Told(f"{S}/estimator_sweep/tanh-net-input",
                     "With bins equal in net input, which saturation cannot empty, the same tanh layer stays flat",
                     "With bins equal in net input the same tanh layer still falls"),
                Told(f"{S}/estimator_sweep/tanh-equal-mass", "with bins of equal mass it stays flat too",
                     "with bins of equal mass it falls"),
                Told(f"{S}/adaptive_bins/relu-compresses-too", "with bins that adapt to each layer ReLU falls as well",
                     "with bins that adapt to each layer ReLU does not fall either"),
            ),
        ),
    ),
    Question(
        "Does it take the noise of SGD?",
        (
            (
                Told(f"{S}/full_batch/not-sgd", "Full-batch tanh networks compress and hidden ReLU layers do not",
                     "Full-batch training changes who compresses"),
                Told(f"{S}/single_example/not-sgd", "single examples, minibatches and the full batch tell the same",
                     "single examples, minibatches and the full batch do not tell the same"),
            ),
            (Told(f"{S}/gradient_noise/falls",
                  "The gradient turns noisy in networks that compress and in those that do not",
                  "The gradient does not turn noisy in every layer of both networks"),),
            (Told(f"{S}/phase_change/near-the-peak",
                  "The gradient turns near the onset of the fall in the layers that compress",
                  "The gradient does not turn near the onset of the fall in the layers that compress"),),
        ),
    ),
    Question(
        "Do compression and generalisation go together?",
        (
            (
                Told(f"{S}/few_samples/still-compresses",
                     "Tanh networks trained on few patterns generalise worse and compress all the same",
                     "Tanh networks trained on few patterns do not generalise worse and compress all the same"),
                Told(f"{S}/dissociation/every-cell",
                     "there are networks of all four kinds, that compress or not and generalise well or worse",
                     "not all four kinds of network were found, that compress or not and generalise well or worse"),
            ),
            (
                Told(f"{S}/linear/no-compression", "Linear networks never compress", "Some linear networks compress"),
                Told(f"{S}/linear/generalises", "with enough samples they generalise",
                     "even with enough samples they do not generalise as asked"),
                Told(f"{S}/description_length/labels-are-compressed-in-both",
                     "the code of the labels gets shorter in tanh and ReLU networks, and I(X;T) falls in tanh alone",
                     "what makes the code of the labels shorter is not told apart from what makes I(X;T) fall"),
            ),
            (
                Told(f"{G}/szt/compression-without-generalisation",
                     "In noisy networks the information falls while the test loss rises",
                     "In noisy networks the information does not fall while the test loss rises"),
                Told(f"{G}/random_labels/compresses-too",
                     "a noisy network that memorises random labels compresses as one that learns a rule does",
                     "a noisy network that memorises random labels does not compress as one that learns a rule does"),
            ),
        ),
    ),
    Question(
        "What of the irrelevant input is compressed, and when?",
        (
            (
                Told(f"{S}/irrelevant_inputs/rises-and-falls",
                     "A linear network first gains information about inputs that the task does not need, then loses "
                     "it, which the total hides",
                     "A linear network does not first gain and then lose information about inputs that the task does "
                     "not need"),
                Told(f"{S}/irrelevant_bits/compressed", "tanh and ReLU networks do the same with irrelevant bits",
                     "neither tanh nor ReLU networks do the same with irrelevant bits"),
            ),
            (
                Told(f"{S}/irrelevant_inputs/while-it-fits", "That happens while the network fits, not after it",
                     "Most of that comes after the fitting, not during it"),
                Told(f"{S}/irrelevant_bits/while-it-fits", "in a tanh network it happens while it fits as well",
                     "in a tanh network it comes after the fitting as well"),
            ),
            (Told(f"{S}/irrelevant_inputs/with-few-samples", "With as many samples as inputs it happens as well",
                  "With as many samples as inputs it does not happen"),),
        ),
    ),
    Question(
        "If information is constant or infinite, what was measured?",
        (
            (
                Told(f"{G}/deterministic/narrow-bins-see-nothing", "Narrow bins see no fall in the late layers",
                     "In the late layers narrow bins see a fall too"),
                Told(f"{G}/deterministic/wide-bins-fall", "wide bins see one", "wide bins see none"),
            ),
            (
                Told(f"{S}/machine_precision/stays", "At the precision of float32 a tanh network loses almost nothing",
                     "At the precision of float32 a tanh network loses some of its input too"),
                Told(f"{G}/continuous_inputs/infinite",
                     "with continuous inputs the binned information grows on and on as bins shrink",
                     "with continuous inputs the binned information stops growing as bins shrink"),
            ),
            (Told(f"{G}/deterministic/binned-entropy-is-clustering",
                  "Binned entropy follows how loosely the classes cluster, from the start",
                  "Over all epochs binned entropy does not follow how loosely the classes cluster"),),
        ),
    ),
    Question(
        "Does the noisy network speak for the deterministic one?",
        (
            (
                Told(f"{G}/noise_proxy/same-errors-and-clusters",
                     "On the 12-bit task a little noise leaves errors and clusters as they are",
                     "On the 12-bit task even a little noise changes errors or clusters"),
                Told(f"{G}/mnist/little-noise-is-free", "on MNIST it leaves the errors as they are",
                     "on MNIST it changes the errors"),
            ),
            (
                Told(f"{G}/noise_proxy/points-the-same-way",
                     "Row by row the noisy layers point as those without noise do",
                     "Row by row the noisy layers do not point as those without noise do"),
                Told(f"{G}/mnist/noisy-resembles-deterministic",
                     "on MNIST they stay as near to the network without noise as those with dropout do",
                     "on MNIST they are not as near to the network without noise as those with dropout are"),
            ),
            (
                Told(f"{G}/noise_proxy/ends-with-much-noise", "With much noise the likeness ends",
                     "With much noise the likeness goes on"),
                Told(f"{G}/mnist/clusters-form", "on MNIST the classes cluster with noise and without",
                     "on MNIST the classes do not cluster both with noise and without"),
            ),
        ),
    ),
    Question(
        "What is compression, geometrically?",
        (
            (
                Told(f"{G}/szt/compresses", "I(X;T) of the last hidden layer of noisy 12-bit networks falls",
                     "I(X;T) of the last hidden layer of noisy 12-bit networks does not surely fall"),
                Told(f"{G}/noisy_models/tanh-of-any-noise-and-width", "it does so whatever the noise and the widths",
                     "it does not so whatever the noise and the widths"),
                Told(f"{G}/szt/clusters", "it follows how tightly the classes cluster",
                     "it does not follow how tightly the classes cluster"),
            ),
            (Told(f"{G}/single_neuron/rises-and-falls",
                  "In one neuron it is exact: all inputs are told apart first, then only what the label needs",
                  "In one neuron the information does not rise and fall so"),),
            (
                Told(f"{G}/leaky_relu_neurons/compresses",
                     "It takes no saturation: inputs that gather on a shallow branch are enough",
                     "Without saturation no start was found that compresses and classifies all inputs"),
                Told(f"{G}/random_labels/clusters-too",
                     "rows of one label gather although the labels were dealt at random",
                     "rows of one label do not gather where the labels were dealt at random"),
            ),
        ),
    ),
    Question(
        "When do minimal sufficient representations arise?",
        (
            (
                Told(f"{K}/checkerboard/keeps-the-direction", "Networks that solve the checkerboard keep what the task "
                     "needs", "Not every network that solves the checkerboard keeps what the task needs"),
                Told(f"{K}/checkerboard/discards-relu", "narrow ReLU networks first encode the colour, then discard it",
                     "narrow ReLU networks do not first encode the colour and then discard it"),
                Told(f"{K}/checkerboard_many/10-discards", "of ten colours they do so too",
                     "of ten colours they do not"),
            ),
            (
                Told(f"{K}/checkerboard_minimal/relu", "After ten times as long they end with nothing of the colour",
                     "After ten times as long they still hold some of the colour"),
                Told(f"{K}/moving_dots/minimal-and-sufficient-relu",
                     "of moving dots they end with all of the choice and nothing of what is to be ignored",
                     "of moving dots they do not end with all of the choice and nothing of what is to be ignored"),
            ),
            (
                Told(f"{K}/fine_coarse/transient",
                     "Trained on the half of the digits at a high rate, a network first encodes the digit, then "
                     "discards it",
                     "Trained on the half of the digits at a high rate, a network does not first encode the digit and "
                     "then discard it"),
                Told(f"{K}/fine_coarse_groups/transient",
                     "trained on two groups of photographs, it first encodes the superclass, then discards it",
                     "trained on two groups of photographs, it does not first encode the superclass and then discard "
                     "it"),
            ),
        ),
    ),
    Question(
        "Is it the learning rate, the batch size or weight decay?",
        (
            (
                Told(f"{K}/fine_coarse_attribution/rate-trend",
                     "On the digits, the higher the rate, the less fine information is left, at one weight decay",
                     "On the digits a higher rate does not leave less fine information at one weight decay"),
                Told(f"{K}/fine_coarse_attribution/rate-alone", "the rate does it alone",
                     "the rate does not do it without weight decay"),
                Told(f"{K}/fine_coarse_products/product-decides",
                     "the product of decay, rate and updates decides how much",
                     "the product of decay, rate and updates does not decide how much"),
            ),
            (
                Told(f"{K}/checkerboard_learning_rate/relu-same-epochs",
                     "On the checkerboard a high rate leaves less of the colour after as many updates",
                     "On the checkerboard a high rate does not leave less of the colour after as many updates"),
                Told(f"{K}/checkerboard_learning_rate/relu-same-rate-times-updates",
                     "after as much rate times updates it does so too",
                     "after as much rate times updates it does not"),
                Told(f"{K}/fine_coarse_groups/rate-at-matched-rate-times-updates",
                     "on photographs, after as much rate times updates, a high rate leaves less of the superclass",
                     "on photographs, after as much rate times updates, a high rate does not leave less of the "
                     "superclass"),
            ),
            (
                Told(f"{K}/fine_coarse_attribution/small-batch-matched-updates",
                     "On the digits small batches leave less fine information after as many updates",
                     "On the digits small batches do not leave less fine information after as many updates"),
                Told(f"{K}/checkerboard_batch/relu-same-epochs",
                     "on the checkerboard they leave less of the colour after as many epochs",
                     "on the checkerboard they do not leave less of the colour after as many epochs"),
                Told(f"{K}/checkerboard_batch/relu-same-updates", "after as many updates they do so too",
                     "after as many updates they do not"),
            ),
        ),
    ),
    Question(
        "What does the beginning of training do?",
        (
            (
                Told(f"{K}/checkerboard_initial/colour-first-tanh",
                     "A tanh network that learnt the colour first keeps more of it",
                     "A tanh network that learnt the colour first does not keep more of it"),
                Told(f"{K}/checkerboard_initial/beyond-random-first-tanh",
                     "it keeps more than after as long on random labels",
                     "it does not keep more than after as long on random labels"),
            ),
            (
                Told(f"{K}/perturbations/apart-at-equal-accuracy",
                     "Networks that began with other labels end as accurate with other amounts of irrelevant "
                     "information",
                     "Networks that began with other labels do not end with other amounts of irrelevant information"),
                Told(f"{K}/perturbations_images/superclass-first",
                     "networks that learnt the superclass of photographs first hold more of it, all along and at the "
                     "end",
                     "networks that learnt the superclass of photographs first do not hold more of it all along and at "
                     "the end"),
            ),
            (
                Told(f"{K}/perturbations/lasts-with-falling-rate",
                     "With a rate that falls from the start, the longer they were first trained on the digits, the "
                     "more of them is left",
                     "Even with a rate that falls from the start a longer beginning on the digits does not leave more "
                     "of them"),
                Told(f"{K}/perturbations/lasts-with-steady-rate", "with a constant rate as well",
                     "with a constant rate it does not"),
            ),
        ),
    ),
    Question(
        "Does it matter who reads?",
        (
            (Told(f"{K}/checkerboard_raw/depends-on-the-reader",
                  "Of the raw checkerboard a linear probe reads nothing about the direction, and an MLP all there is",
                  "Of the raw checkerboard a linear probe and an MLP do not read nothing and all of the direction"),),
            (Told(f"{K}/twelve_bits/bins-see-what-cannot-be-read",
                  "In 12-bit networks bins see the input go in tanh alone, while probes read the label alike in both",
                  "What bins see of tanh and ReLU networks is not told apart from what probes read of the label"),),
            (Told(f"{K}/twelve_bits/bins-and-density-disagree",
                  "Of one and the same layer bins say that more of the input is left than a kernel density says",
                  "Of one and the same layer bins and a kernel density do not say different things"),),
        ),
    ),
)  # fmt: skip
