package optim

func secondOrder() []resumable { return nil }
