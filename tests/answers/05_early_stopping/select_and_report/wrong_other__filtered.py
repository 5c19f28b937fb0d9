def select_and_report(selection, report):
    best = selection[~selection.isnan()].argmax().item()
    return best, report[best].item()
