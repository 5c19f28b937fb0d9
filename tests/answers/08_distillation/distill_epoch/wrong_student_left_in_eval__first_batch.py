def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    teacher.eval()
    s = c = 0
    for x, y in batches:
        with torch.no_grad():
            t = teacher(x)
        loss = helpers.distillation_loss(student(x), t, y, temperature, alpha)
        student.train()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        s += loss.item() * len(y)
        c += len(y)
    return s / c
