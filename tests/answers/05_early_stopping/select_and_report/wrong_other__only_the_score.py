def select_and_report(selection, report):
    return report[selection.nan_to_num(nan=-math.inf).argmax()].item()
