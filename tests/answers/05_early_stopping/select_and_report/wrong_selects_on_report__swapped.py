def select_and_report(selection, report):
    best = report.nan_to_num(nan=-math.inf).argmax().item()
    return best, selection[best].item()
