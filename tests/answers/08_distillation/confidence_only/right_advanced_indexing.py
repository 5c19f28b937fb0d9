def confidence_only(probs):
    rows = torch.arange(len(probs), device=probs.device)
    place = torch.argmax(probs, dim=1)
    top = probs[rows, place]
    out = ((1.0 - top) / (probs.shape[1] - 1)).unsqueeze(1).repeat(1, probs.shape[1])
    out[rows, place] = top
    return out
