def paired_difference(control, treatment, confidence=0.95):
    result = stats.ttest_rel(control.double().numpy(), treatment.double().numpy())
    low, high = result.confidence_interval(confidence)
    return float((low + high) / 2), float(low), float(high)
