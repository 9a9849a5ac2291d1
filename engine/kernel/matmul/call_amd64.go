//go:build !purego

package matmul

// call32 calls the float32 kernel of a form. The kernels are called by name
// and not through a table, so that the compiler sees that their pointers do
// not escape.
func call32(f form, c *byte, ldc int, a *byte, ars, acs int, b *byte, ldb int, m, k, last, acc int) {
	switch f {
	case formPart512:
		blockPartAVX512F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYY512:
		blockYYAVX512F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYYY512:
		blockYYYAVX512F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYYH512:
		blockYYHAVX512F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formZZ:
		blockZZAVX512F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formZZZ:
		blockZZZAVX512F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formRow512:
		blockRowAVX512F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formPart:
		blockPartAVX2F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formY:
		blockYAVX2F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYY:
		blockYYAVX2F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYYY:
		blockYYYAVX2F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formRow:
		blockRowAVX2F32(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	}
}

// call64 calls the float64 kernel of a form.
func call64(f form, c *byte, ldc int, a *byte, ars, acs int, b *byte, ldb int, m, k, last, acc int) {
	switch f {
	case formPart512:
		blockPartAVX512F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYY512:
		blockYYAVX512F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYYY512:
		blockYYYAVX512F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYYH512:
		blockYYHAVX512F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formZZ:
		blockZZAVX512F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formZZZ:
		blockZZZAVX512F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formRow512:
		blockRowAVX512F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formPart:
		blockPartAVX2F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formY:
		blockYAVX2F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYY:
		blockYYAVX2F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formYYY:
		blockYYYAVX2F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	case formRow:
		blockRowAVX2F64(c, ldc, a, ars, acs, b, ldb, m, k, last, acc)
	}
}
