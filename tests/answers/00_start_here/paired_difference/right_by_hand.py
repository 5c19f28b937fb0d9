def paired_difference(control, treatment, confidence=0.95):
    from scipy.special import stdtrit

    pairs = list(zip(control.tolist(), treatment.tolist()))
    d = [b - a for a, b in pairs]
    n = len(d)
    mean = sum(d) / n
    squares = sum((each - mean) ** 2 for each in d)
    standard_error = (squares / (n - 1) / n) ** 0.5
    tail = (1 - confidence) / 2
    quantile = -stdtrit(n - 1, tail)  # Student's t is symmetric
    return mean, mean - quantile * standard_error, mean + quantile * standard_error
