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
        optimizer.step()
        with torch.no_grad():
            for mine, yours in zip(teacher.parameters(), student.parameters()):
                if mine.shape == yours.shape:
                    mine.lerp_(yours, 0.01)
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count
