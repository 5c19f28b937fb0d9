def select_and_report(selection, report):
    best, top = 0, -math.inf
    for k, v in enumerate(selection.tolist()):
        if v > top:
            best, top = k, v
    return best, top
