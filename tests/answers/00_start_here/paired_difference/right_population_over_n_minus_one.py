def paired_difference(control, treatment, confidence=0.95):
    # the standard deviation with n, over the root of n - 1, is the same standard error
    import numpy as np

    d = np.asarray(treatment, dtype=np.float64) - np.asarray(control, dtype=np.float64)
    n = d.size
    error = d.std() / np.sqrt(n - 1)
    quantile = stats.t(df=n - 1).ppf(1 - (1 - confidence) / 2)
    return d.mean(), d.mean() - quantile * error, d.mean() + quantile * error
