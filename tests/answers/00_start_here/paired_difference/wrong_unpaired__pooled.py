def paired_difference(control, treatment, confidence=0.95):
    result = stats.ttest_ind(treatment.double().numpy(), control.double().numpy())
    low, high = result.confidence_interval(confidence)
    return (treatment - control).mean().item(), float(low), float(high)
