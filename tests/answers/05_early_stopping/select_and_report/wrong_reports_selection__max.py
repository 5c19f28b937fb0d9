def select_and_report(selection, report):
    scores = torch.where(selection.isnan(), -math.inf, selection)
    return int(scores.argmax()), float(scores.max())
