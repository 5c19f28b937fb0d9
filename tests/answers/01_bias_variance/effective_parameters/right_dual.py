def effective_parameters(features, strength):
    outer = (features @ features.T).double()
    values = torch.linalg.eigvalsh(outer)
    kept = values[values > 1e-6 * values.max()] if values.max() > 0 else values[:0]
    return float(sum(v / (v + strength) for v in kept.tolist()))
