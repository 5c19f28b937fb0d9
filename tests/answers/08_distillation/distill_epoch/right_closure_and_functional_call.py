def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    student.train()
    state = {**dict(teacher.named_parameters()), **dict(teacher.named_buffers())}
    state = {name: value.detach().clone() for name, value in state.items()}
    teacher.eval()
    total, count = 0.0, 0
    for x, y in batches:
        target = torch.func.functional_call(teacher, state, (x,))

        def closure():
            optimizer.zero_grad()
            loss = helpers.distillation_loss(student(x), target, y, temperature, alpha)
            loss.backward()
            return loss

        total += optimizer.step(closure).item() * len(y)
        count += len(y)
    return total / count
