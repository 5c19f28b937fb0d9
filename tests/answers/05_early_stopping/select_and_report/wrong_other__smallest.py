def select_and_report(selection, report):
    best = selection.nan_to_num(nan=math.inf).argmin().item()
    return best, report[best].item()
