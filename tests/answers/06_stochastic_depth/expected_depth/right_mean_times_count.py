import math


def expected_depth(rates):
    return math.fsum(1 - p for p in rates) / len(rates) * len(rates)
