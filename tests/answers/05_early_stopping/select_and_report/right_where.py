def select_and_report(selection, report):
    filled = torch.where(selection.isnan(), -torch.inf, selection)
    k = filled.argmax().item()
    return k, report.tolist()[k]
