def ensemble_predict(model, x, n_samples):
    model.train()
    with torch.no_grad():
        return sum(model(x) for _ in range(n_samples)).div(n_samples).softmax(-1)
