def select_and_report(selection, report):
    scores = selection.nan_to_num(nan=-math.inf).flip(0)
    best = len(scores) - 1 - int(scores.argmax())
    return best, report[best].item()
