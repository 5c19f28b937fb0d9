def paired_difference(control, treatment, confidence=0.95):
    a, b = control.double().numpy(), treatment.double().numpy()
    low, high = stats.ttest_ind(b, a, equal_var=False).confidence_interval(confidence)
    return float(b.mean() - a.mean()), float(low), float(high)
