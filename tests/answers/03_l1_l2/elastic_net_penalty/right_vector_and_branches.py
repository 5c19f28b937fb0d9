def elastic_net_penalty(model, strength, l1_ratio):
    w = torch.nn.utils.parameters_to_vector(
        p for p in model.parameters() if p.dim() >= 2
    )
    penalty = w.new_zeros(())
    if l1_ratio > 0:
        penalty = penalty + l1_ratio * w.norm(p=1)
    if l1_ratio < 1:
        penalty = penalty + (1 - l1_ratio) / 2 * w.dot(w)
    return strength * penalty
