def select_and_report(selection, report):
    selection[selection.isnan()] = -math.inf
    best = selection.argmax().item()
    return best, report[best].item()
