def fit_temperature(logits, labels):
    t = torch.tensor(1.0, requires_grad=True)
    opt = torch.optim.Adam([t], lr=0.1)
    for _ in range(20):
        opt.zero_grad()
        accuracy = ((logits / t).argmax(1) == labels).double().mean()
        loss = (1 - accuracy) + 0 * t
        loss.backward()
        opt.step()
    return t.item()
