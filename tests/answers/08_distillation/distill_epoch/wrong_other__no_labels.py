def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    student.train()
    teacher.eval()
    s = c = 0
    for x, _ in batches:
        with torch.no_grad():
            t = teacher(x)
        loss = helpers.distillation_loss(student(x), t, t.argmax(1), temperature, 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        s += loss.item() * len(x)
        c += len(x)
    return s / c
