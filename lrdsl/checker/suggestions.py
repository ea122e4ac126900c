"""What is typed and what is offered.

In: a word that means nothing, and the words that would. Out: the likeliest of them. The tables hold what edit distance cannot
find; an offer that the library does not define is never made.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# A curve under another name, and how it is written here.
CURVES: dict[str, tuple[str, ...]] = {
    "hold": ("constant", "const", "stable", "flat", "keep", "constant_schedule"),
    "warmup": ("linear_warmup", "warm_up", "rampup", "ramp", "warm", "ramp_up"),
    "cosine": ("cosine_decay", "cosine_annealing", "CosineAnnealingLR", "cosineannealinglr", "half_cosine", "cos"),
    "linear": ("linear_decay", "decay", "cooldown", "anneal", "LinearLR", "linearlr", "warmdown", "annealing"),
    "poly(power=2)": ("polynomial", "poly_decay", "PolynomialLR", "polynomial_decay"),
    "rsqrt(timescale=10k)": ("inverse_sqrt", "inv_sqrt", "inverse_square_root", "isqrt"),
    "exp(halflife=10k)": ("exponential", "ExponentialLR", "exponential_decay", "expdecay"),
    "geometric": ("log_linear", "loglinear", "log_decay"),
    "drop(factor=0.1, per=30k)": ("step", "steplr", "StepLR", "multistep", "MultiStepLR", "staircase", "piecewise"),
    "warmup(2%) then hold then linear(20%)": ("wsd", "WSD", "trapezoid", "trapezoidal"),
    "cosine(30%, from=4%, to=0.1) then cosine(to=4e-7)": ("onecycle", "one_cycle", "OneCycleLR"),
    "repeat(cosine(10k), stretch=2)": ("sgdr", "SGDR", "restarts", "cosine_restarts"),
    "repeat(linear(2k, from=1e-4, to=1e-3) then linear(2k, to=1e-4))": ("cyclic", "triangular", "CyclicLR"),
    "max(t, 4k)^-0.5": ("noam", "Noam"),
}

FUNCTIONS: dict[str, str] = {
    "log": "ln(x)",
    "exp": "e^x",
    "sqrt": "x^0.5",
    "log10": "ln(x)/ln(10)",
    "log2": "ln(x)/ln(2)",
}

# What an argument is called elsewhere: by the kind of the curve (a warmup looks ahead for its `to`).
TO = (
    "min_lr",
    "eta_min",
    "end",
    "end_lr",
    "end_value",
    "final",
    "final_lr",
    "lr_end",
    "stop",
    "stop_value",
    "min_value",
)
TOP = (
    "max_lr",
    "peak",
    "peak_lr",
    "lr",
    "base_lr",
    "init",
    "start",
    "start_value",
    "lr_max",
    "initial",
    "init_value",
    "max_value",
)
RATIO = ("alpha", "min_lr_ratio", "end_factor", "final_ratio")
LENGTH = (
    "T_max", "steps", "n", "length", "duration", "total_iters", "transition_steps", "num_warmup_steps", "warmup_steps",
    "total_steps", "max_steps", "iters", "epochs", "warmup_ratio", "pct_start",
)  # fmt: skip
ARGUMENTS: dict[str, str] = {
    "gamma": "factor", "decay_rate": "factor", "step_size": "per", "period": "per", "decay_steps": "per", "T_mult": "stretch",
    "t_mult": "stretch", "cycles": "times", "num_cycles": "times", "n": "times", "count": "times", "half_life": "halflife",
    "rate": "k", "tau": "timescale", "exponent": "power", "start_factor": "from", "end_factor": "to", "mult": "stretch",
}  # fmt: skip

CYCLE = frozenset(("T_0", "t_0", "T0", "length", "steps", "n_steps"))
OUTPUTS: dict[str, str] = {
    "wd": "weight_decay", "weightdecay": "weight_decay", "decay": "weight_decay", "l2": "weight_decay",
    "learning_rate": "lr", "learningrate": "lr", "rate": "lr", "mom": "momentum", "betas": "beta1", "beta": "beta1",
    "b1": "beta1", "b2": "beta2",
}  # fmt: skip

# What is bound under another name, and how the value is given here.
BINDINGS: dict[str, str] = {
    **dict.fromkeys(
        ("total_steps", "num_training_steps", "max_steps", "steps", "n_steps", "num_steps", "T_max"), "total={}"
    ),
    **dict.fromkeys(("num_epochs", "epochs", "max_epochs", "n_epochs"), 'total="{} epochs"'),
    **dict.fromkeys(("steps_per_epoch", "updates_per_epoch"), "epoch={}"),
    **dict.fromkeys(("tokens_per_step", "tokens_per_batch"), 'step="{} tokens"'),
    **dict.fromkeys(("samples_per_step", "batch_size"), 'step="{} samples"'),
    "tokens_per_sample": 'sample="{} tokens"',
}

MEASURED = ("plateau", "ReduceLROnPlateau", "reduce_on_plateau", "loss", "metric", "val_loss")


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant: by case, then as a unique beginning, then by likeness."""
    words = sorted(known)
    for candidate in words:
        if candidate.lower() == word.lower():
            return candidate
    begun = [candidate for candidate in words if len(word) >= 2 and candidate.startswith(word.lower())]
    if len(begun) == 1:
        return begun[0]
    found = difflib.get_close_matches(word.lower(), words, 1, 0.65)
    return found[0] if found else None


def curve(word: str, known: Iterable[str]) -> str | None:
    """A text that says what a curve of another name says, if the library has what it needs."""
    names = set(known)
    for text, aliases in CURVES.items():
        if word in aliases or word.lower() in aliases:
            head = text.partition("(")[0].partition(" ")[0]
            return text if head in names or head in ("repeat", "max") else None
    return None
