def select_and_report(selection, report):
    best = selection.nan_to_num().argmax().item()
    return best, report[best].item()
