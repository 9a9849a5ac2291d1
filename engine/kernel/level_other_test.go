package kernel

func levels() []string { return []string{"plain"} }

func setLevel(string) {}
