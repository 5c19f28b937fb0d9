def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    teacher.eval()
    s = c = 0
    for x, y in batches:
        student.train()
        with torch.no_grad():
            t = teacher(x)
        loss = helpers.distillation_loss(student(x), t, y, temperature, alpha)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        s += loss.item() * len(y)
        c += len(y)
        student.eval()
    return s / c
