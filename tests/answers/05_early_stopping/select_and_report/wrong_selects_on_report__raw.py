def select_and_report(selection, report):
    best = int(report.argmax())
    return best, float(report[best])
