import math
from collections import defaultdict


def expected_calibration_error(probs, labels, n_bins=15):
    bins = defaultdict(list)
    for row, y in zip(probs.tolist(), labels.tolist()):
        c = max(row)
        bins[math.ceil(c * n_bins - 1e-9)].append((c, row.index(c) == y))
    n = len(labels)
    return sum(
        abs(sum(hit for _, hit in b) - sum(c for c, _ in b)) / n for b in bins.values()
    )
