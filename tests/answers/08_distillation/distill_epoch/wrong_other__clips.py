def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    student.train()
    teacher.eval()
    total, count = 0.0, 0
    for x, y in batches:
        with torch.no_grad():
            wanted = teacher(x)
        loss = helpers.distillation_loss(student(x), wanted, y, temperature, alpha)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 0.5)
        optimizer.step()
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count
