def max_norm_(weight, max_norm):
    for row in weight.detach():
        fake = torch.zeros_like(row)
        fake.grad = row.clone()
        nn.utils.clip_grad_norm_([fake], max_norm)
        row.copy_(fake.grad)
