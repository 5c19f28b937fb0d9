def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    student.train()
    teacher.eval()
    total, count = 0.0, 0
    for x, y in batches:
        wanted = teacher(x)
        p = (wanted / temperature).log_softmax(1)
        out = student(x)
        q = (out / temperature).log_softmax(1)
        soft = (p.exp() * (p - q)).sum(1).mean()
        loss = alpha * temperature**2 * soft + (1 - alpha) * F.cross_entropy(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count
