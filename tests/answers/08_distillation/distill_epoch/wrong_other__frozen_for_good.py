def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    student.train()
    teacher.eval().requires_grad_(False)
    losses = []
    for x, y in batches:
        with torch.inference_mode():
            wanted = teacher(x)
        optimizer.zero_grad()
        loss = helpers.distillation_loss(student(x), wanted, y, temperature, alpha)
        loss.backward()
        optimizer.step()
        losses += [float(loss)] * len(y)
    return sum(losses) / len(losses)
