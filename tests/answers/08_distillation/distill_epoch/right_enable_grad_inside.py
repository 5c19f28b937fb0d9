@torch.no_grad()
def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    student.train()
    teacher.eval()
    s = c = 0
    for x, y in batches:
        t = teacher(x)
        with torch.enable_grad():
            loss = helpers.distillation_loss(student(x), t, y, temperature, alpha)
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()
        s += loss.item() * len(y)
        c += len(y)
    return s / c
