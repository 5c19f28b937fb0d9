def max_norm_(weight, max_norm):
    with torch.no_grad():
        F.embedding(
            torch.arange(len(weight), device=weight.device), weight, max_norm=max_norm
        )
