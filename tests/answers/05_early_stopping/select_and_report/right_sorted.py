def select_and_report(selection, report):
    pairs = [(-v, k) for k, v in enumerate(selection.tolist()) if v == v]
    best = sorted(pairs)[0][1]
    return best, report[best].item()
