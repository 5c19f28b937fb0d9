def select_and_report(selection, report):
    known = [k for k, v in enumerate(selection.tolist()) if not math.isnan(v)]
    best = max(known, key=lambda k: selection[k].item())
    return best, float(report[best])
