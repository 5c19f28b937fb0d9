def select_and_report(selection, report):
    known = [(v, k) for k, v in enumerate(selection.tolist()) if v == v]
    best = max(known)[1]
    return best, report[best].item()
