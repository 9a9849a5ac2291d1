package matmul

import "github.com/gakuri-lab/gakuri/engine/array"

// mulPlain is the meaning of [Mul]. Blocks of four rows and two columns keep
// eight sums and the four elements of A in registers.
func mulPlain[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, m, n, k int, acc bool) {
	if !acc {
		for i := range m {
			clear(c[i*ldc : i*ldc+n])
		}
	}
	i := 0
	for ; i+4 <= m; i += 4 {
		mulFourRows(c[i*ldc:], ldc, a[i*ars:], ars, acs, b, ldb, n, k)
	}
	for ; i < m; i++ {
		mulRow(c[i*ldc:i*ldc+n], a[i*ars:], acs, b, ldb, k)
	}
}

// mulFourRows adds four rows of A times B to four rows of C.
func mulFourRows[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, n, k int) {
	r0, r1, r2, r3 := c[:n], c[ldc:ldc+n], c[2*ldc:2*ldc+n], c[3*ldc:3*ldc+n]
	j := 0
	for ; j+2 <= n; j += 2 {
		s00, s01 := r0[j], r0[j+1]
		s10, s11 := r1[j], r1[j+1]
		s20, s21 := r2[j], r2[j+1]
		s30, s31 := r3[j], r3[j+1]
		p, q := 0, j
		for range k {
			b0, b1 := b[q], b[q+1]
			a0, a1, a2, a3 := a[p], a[p+ars], a[p+2*ars], a[p+3*ars]
			s00 += a0 * b0
			s01 += a0 * b1
			s10 += a1 * b0
			s11 += a1 * b1
			s20 += a2 * b0
			s21 += a2 * b1
			s30 += a3 * b0
			s31 += a3 * b1
			p += acs
			q += ldb
		}
		r0[j], r0[j+1] = s00, s01
		r1[j], r1[j+1] = s10, s11
		r2[j], r2[j+1] = s20, s21
		r3[j], r3[j+1] = s30, s31
	}
	if j < n {
		s0, s1, s2, s3 := r0[j], r1[j], r2[j], r3[j]
		p, q := 0, j
		for range k {
			b0 := b[q]
			s0 += a[p] * b0
			s1 += a[p+ars] * b0
			s2 += a[p+2*ars] * b0
			s3 += a[p+3*ars] * b0
			p += acs
			q += ldb
		}
		r0[j], r1[j], r2[j], r3[j] = s0, s1, s2, s3
	}
}

// mulRow adds one row of A times B to one row of C.
func mulRow[T array.Float](c, a []T, acs int, b []T, ldb int, k int) {
	if len(c) == 1 {
		s := c[0]
		for p := range k {
			s += a[p*acs] * b[p*ldb]
		}
		c[0] = s
		return
	}
	for p := range k {
		x := a[p*acs]
		row := b[p*ldb : p*ldb+len(c)]
		for j, y := range row {
			c[j] += x * y
		}
	}
}
