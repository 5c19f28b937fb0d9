def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    teacher.eval()
    with torch.no_grad():
        answers = [teacher(x) for x, _ in batches]
    student.train()
    s = c = 0
    for (x, y), t in zip(batches, answers):
        optimizer.zero_grad()
        loss = helpers.distillation_loss(student(x), t, y, temperature, alpha)
        loss.backward()
        optimizer.step()
        s += loss.item() * len(y)
        c += len(y)
    return s / c
