//go:build !purego

package kernel

// levels lists what this processor can do.
func levels() []string { return levelNames[:detect()+1] }

func setLevel(name string) {
	for l, s := range levelNames {
		if s == name {
			level = l
		}
	}
}
