def select_and_report(selection, report):
    best = selection.nan_to_num(nan=-math.inf).argmax().item()
    print(best, report[best].item())
