def mc_predict(model, x, n_samples, chunk=64):
    twin = copy.deepcopy(model)
    for m in twin.modules():
        m.training = isinstance(m, nn.modules.dropout._DropoutNd)
    parts = []
    with torch.no_grad():
        done = 0
        while done < n_samples:
            k = min(chunk, n_samples - done)
            z = twin(torch.tile(x, (k,) + (1,) * (x.dim() - 1)))
            parts.append(z.reshape(k, x.size(0), -1).softmax(-1))
            done += k
    return torch.cat(parts)
