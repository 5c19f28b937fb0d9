def select_and_report(selection, report):
    best = torch.max(selection, dim=0).indices.item()
    return best, float(report[best])
