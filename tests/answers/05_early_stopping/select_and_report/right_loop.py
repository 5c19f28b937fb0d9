def select_and_report(selection, report):
    best = None
    for k, score in enumerate(selection.tolist()):
        if score == score and (best is None or score > selection[best]):
            best = k
    return best, report[best].item()
