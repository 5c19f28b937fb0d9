def select_and_report(selection, report):
    import numpy as np

    best = int(np.nanargmax(selection.numpy()))
    return best, float(report.numpy()[best])
