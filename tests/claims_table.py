"""Functions built to fool whoever samples, and claims about them whose truth is known by reasoning.

In: nothing. Out: rows of a text and its claims, those that are true and those that are false. This file refuses to
know how a claim is decided.
"""

from __future__ import annotations

# a text, what is true of it, what is false
ROWS: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    # one step in ten thousand
    (
        "repeat(0.1 for 9_999 then 1 for 1)",
        (
            "<= 1",
            ">= 0.1",
            "<= 0.5 until 9999",
            "<= 0.5 after 10k until 19_999",
            "<= 0.5 after 9_999_990_000 until 9_999_999_999",
            "is continuous until 9999",
            "is continuous after 9999 until 10k",
            "rises until 10k",
            "falls after 9999 until 19_999",
            "at 9_999_999_999 == 1",
            "at 9998.5 == 0.1",
        ),
        (
            "<= 0.5",
            "<= 0.5 until 9999.5",
            "<= 0.5 after 9_999_990_000 until 10_000_000_000",
            "<= 0.999999 after 123_456",
            ">= 0.1000001",
            "is continuous",
            "is continuous after 9999 until 10_001",
            "rises",
            "falls until 10k",
            "falls after 9998",
        ),
    ),
    # a third of a step in a million
    (
        "repeat(0.1 for 500_000 then 1 for 1/3 then 0.1 for 499_999 + 2/3)",
        (
            "<= 1",
            "<= 0.5 until 500_000",
            "<= 0.5 after 500_000 + 1/3 until 1_500_000",
            "is continuous after 500_000 + 1/3 until 1_500_000",
            "at 500_000 + 1/6 == 1",
            "at 500_000 + 1/3 == 0.1",
        ),
        (
            "<= 0.5",
            "<= 0.5 after 500_000 + 1/4 until 1_000_000",
            "<= 0.5 after 500_000 + 1/3 until 1_500_000 + 1/6",
            "falls",
            "at 500_001 == 1",
        ),
    ),
    # triangles whose peak is at no rational time
    (
        "0.01 + max(0, 1 - 1000*abs(t/1k - pi))",
        ("<= 1.01", ">= 0.01", "<= 0.0100001 until 3140", "falls after 3142", "rises until 3141", "is continuous"),
        ("<= 1.009999", "<= 0.5", "falls", "rises", "rises until 3142", "falls after 3141", ">= 0.0100001"),
    ),
    (
        "repeat((0.01 + max(0, 1 - 1e4*abs(p - e/4))) for 1M)",
        ("<= 1.01", ">= 0.01", "<= 0.0100001 until 679_000", "is continuous", "falls after 680_000 until 1_679_000"),
        ("<= 1.009999", "<= 0.5 after 680_000", "<= 0.5 until 680_000", "rises until 680_000"),
    ),
    ("0.1 + sin(t/1000)^2000", ("<= 1.1", ">= 0.1", "is continuous", "<= 0.11 until 1400"), ("<= 1", "<= 1.0999999")),
    # beats: 1.1 - sin(100.5 x) sin(0.5 x) with x = t/10100 is 0.1 at x = pi, and nowhere below
    (
        "1.1 + (cos(t/100) - cos(t/101))/2",
        (">= 0.1", "<= 2.1", ">= 0.2 until 20_000", "is continuous"),
        (">= 0.1000001", "<= 2.09", ">= 0.1000001 until 32k", "falls", "rises after 1M"),
    ),
    # 1 + (cos(201 x) + cos(x))/4 with x = t/10100: 0.5 at x = pi
    (
        "1 + cos(t/100)*cos(t/101)/2",
        (">= 0.5", "<= 1.5", "is continuous"),
        (">= 0.5000001", "<= 1.4999999", "<= 1.4999 after 1", "falls"),
    ),
    # no two multiples of 1 and of the root of 2 meet, and some come as near as one likes: 4.5 is not taken
    (
        "2.5 - cos(t/100) - cos(2^0.5*t/100)",
        ("<= 4.5", ">= 0.5", "<= 4.5 after 1M"),
        ("<= 4.4", "<= 4.49", ">= 0.5000001", "falls"),
    ),
    # what stands still at every whole step
    (
        "1.5 + sin(2*pi*t)",
        ("<= 2.5", ">= 0.5", "is continuous", "at 7 <= 1.500001", "at 7.25 >= 2.499999", "rises until 0.25"),
        ("<= 1.6", ">= 1.4", "falls", "rises", "rises until 0.26", "<= 1.6 after 1000 until 1001"),
    ),
    ("1 + sin(1000*t)/2", ("<= 1.5", ">= 0.5", "is continuous"), ("<= 1.49", ">= 0.51", "falls", "rises")),
    # between two whole steps
    (
        "0.1 until 10.2 then 1 until 10.4 then 0.1",
        (
            "<= 0.5 until 10.2",
            "<= 0.5 after 10.4",
            "rises until 10.4",
            "falls after 10.2",
            "is continuous after 10.2 until 10.4",
            "is continuous after 10.4",
            "at 10 <= 0.5",
            "at 11 <= 0.5",
            "at 10.3 == 1",
            "at 10.2 == 1",
            "at 10.4 == 0.1",
        ),
        (
            "<= 0.5",
            "<= 0.5 until 10.25",
            "<= 0.5 after 10.39",
            "rises",
            "falls",
            "is continuous",
            "is continuous after 10.2",
            "at 10.2 == 0.1",
            "at 10.4 == 1",
        ),
    ),
    (
        "0.1 until 10.5 then linear(1, from=0.2, to=0.1) then hold",
        ("falls until 10.5", "falls after 10.5", "<= 0.1 until 10.5", "<= 0.15 after 11", "is continuous after 10.5"),
        ("falls", "<= 0.15 after 10.9 until 11", "<= 0.19 after 10", "is continuous"),
    ),
    # an end that is not reached: 0.9 sin(pi/2000)^2 = 2.22066e-6 are left
    (
        "cosine(1k, from=1, to=0.1) until 999",
        (">= 0.1", ">= 0.10000222", "falls", "is continuous", "at 5000 <= 0.1000023"),
        (">= 0.10000223", "at 5000 == 0.1", "rises after 998"),
    ),
    (
        "exp(max=1, k=1e-3) for 1000 floor 0.3",
        (">= 0.36787", "falls", "is continuous", "rises after 1000"),
        (">= 0.36788", "at 1000 == 0.3", "rises after 999"),
    ),
    # limits that no time reaches
    (
        "0.1 + e^(-t)",
        (">= 0.1", "<= 1.1", "falls", "<= 1.0999999 after 1", "is continuous", ">= 0.10004 until 10"),
        (">= 0.1000001", "<= 1.0999999", "rises", ">= 0.1000001 after 10", ">= 0.10005 until 10"),
    ),
    ("0.1 + rsqrt(max=1, timescale=10)", (">= 0.1", "falls", "<= 1.1"), (">= 0.1001", ">= 0.100001", "rises")),
    ("1 - e^(-t/100)", ("<= 1", "rises", ">= 0", "<= 0.5 until 69"), ("<= 0.9999999", ">= 1e-9", "<= 0.5 until 70")),
    (
        "exp(max=1, k=1e-9)",
        (">= 0.5 until 690_000_000", "falls", ">= 0", "is continuous"),
        (">= 0.5", ">= 0.5 until 700_000_000", ">= 1e-6", "rises until 1000"),
    ),
    (
        "repeat(linear(3, from=1, to=0.5), factor=0.999999)",
        ("<= 1", ">= 0", "falls until 3", "falls after 3 until 6", ">= 0.49999 until 60"),
        (">= 1e-6", ">= 0.49 until 100_000", "falls", "is continuous", "<= 0.999999"),
    ),
    # by a hair
    (
        "warmup(1000, to=1) then cosine(2k)",
        ("<= 1", ">= 0", "rises until 1000", "falls after 1000", "is continuous", "<= 1e-3 until 1", "at 3000 == 0"),
        ("<= 0.9999999", "rises until 1001", "falls after 999", "falls after 999.999999", "<= 9.999999e-4 until 1"),
    ),
    (
        "0.3 for 10 then 0.30000000000001 for 10 then 0.3",
        ("is continuous", "falls", "rises", "<= 0.3", "at 15 == 0.3"),
        ("<= 0.29999999", ">= 0.300000001"),
    ),
    ("0.3 for 10 then 0.3000000001 for 10 then 0.3", ("<= 0.3000000001",), ("is continuous", "falls", "<= 0.3")),
    # every step back is a tenth of what may be missed; a thousand of them are not
    (
        "repeat(linear(1, from=1, to=0.9999999999999))",
        ("falls until 2", "is continuous", "rises until 2", "<= 1", ">= 0.9999999999"),
        ("falls", "falls until 1000", "rises until 1000", "falls after 1M until 1_001_000"),
    ),
    (
        "t*e^(-t/300)",
        ("<= 110.364", "rises until 300", "falls after 300", ">= 0", "is continuous", "at 0 == 0", "at 300 >= 110.363"),
        ("at 0 == 100", "<= 110.363", "falls after 299", "rises until 301", "rises", ">= 1e-6 after 1"),
    ),
    # both are at their tops just before 77, and before that at best at 21: 10/11
    (
        "repeat(warmup(7, to=1)) * repeat(warmup(11, to=1))",
        ("<= 1", "<= 0.92 until 76", ">= 0", "rises until 7", "<= 0.92 after 77 until 153"),
        ("<= 0.999999", "<= 0.9 until 76", "is continuous", "<= 0.999999 after 77", "<= 0.92 after 77_000_000"),
    ),
    (
        "repeat(cosine(10, from=1, to=0), stretch=2)",
        ("<= 1", ">= 0", "falls until 10", "falls after 10 until 30", "<= 0.5 after 5 until 10"),
        (">= 1e-9", "falls", "falls after 10 until 31", "<= 0.5 after 4 until 10", "<= 0.9 after 1_000_000"),
    ),
    (
        "repeat(0.1 for 1 then 0.2 for 1, times=1B) then 5",
        ("<= 5", "<= 1 until 2_000_000_000", "rises after 1_999_999_998", "at 2_000_000_000 == 5"),
        ("<= 1", "<= 1 until 2_000_000_001", "rises after 1_999_999_997", "at 1_999_999_999 == 5"),
    ),
    (
        "drop(max=1, factor=0.5, per=10)",
        ("falls", "is continuous until 10", "is continuous after 10 until 20", ">= 0", ">= 0.5 until 20"),
        ("is continuous", "is continuous until 11", "is continuous after 9", ">= 1e-9", ">= 0.5 until 21", "rises"),
    ),
]
