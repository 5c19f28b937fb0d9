def select_and_report(selection, report):
    scores = selection.nan_to_num(nan=-math.inf)
    best = int((scores == scores.max()).nonzero()[0])
    return best, float(report[best])
