def select_and_report(selection, report):
    best = selection.nan_to_num(nan=-math.inf).argmax()
    return best, report[best]
