def train_best(model, step, score, steps):
    best, top = None, -math.inf
    for _ in range(steps):
        step(); now = score()
        if now > top:
            top = now; best = nn.utils.parameters_to_vector(model.parameters()).clone()
    nn.utils.vector_to_parameters(best, model.parameters())
    return model
