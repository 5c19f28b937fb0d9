def select_and_report(selection, report):
    best = selection.argmax().item()
    return best, report[best].item()
